import Foundation
import ImageFiles
import Imaging
import Vessels

/// Synthetic angiographies with their labels.
struct SynthesizeVessels: Synthesis {
  enum Convention: String, ParameterChoice { case all, bright }

  static let name = "vessels"
  static let summary = "Branching vessels in a head-like background, with labels."
  static let parameters = [
    Parameter("shape", \SynthesizeVessels.shape, "voxels along x, y, z"),
    Parameter("spacing_mm", \SynthesizeVessels.spacing, "voxel size along x, y, z, in mm"),
    Parameter(
      "convention", \SynthesizeVessels.convention,
      "what the label holds: all vessels, or those that stand out"),
  ]

  var shape = [96, 96, 64]
  var spacing = [0.6, 0.6, 0.6]
  var convention = Convention.all

  func validate() throws {
    guard shape.count == 3, shape.allSatisfy({ (8...1024).contains($0) }) else {
      throw WrongValue(found: shape.json.plainText, expected: "shape: three numbers from 8 to 1024")
    }
    guard spacing.count == 3, spacing.allSatisfy({ (0.05...10).contains($0) }) else {
      throw WrongValue(
        found: spacing.json.plainText, expected: "spacing_mm: three numbers from 0.05 to 10")
    }
  }

  func write(index: Int, seed: UInt64, into folder: URL) throws -> [URL] {
    let scene = RandomSyntheticAngiography(
      shape: VoxelShape(shape[0], shape[1], shape[2]),
      spacing: [spacing[0], spacing[1], spacing[2]])
    let sample = scene.draw(seed: seed, index: index).make()
    let name =
      "vessels_" + String(repeating: "0", count: max(0, 3 - String(index).count))
      + "\(index).nii.gz"
    let image = folder.appendingPathComponent("images").appendingPathComponent(name)
    let label = folder.appendingPathComponent("labels").appendingPathComponent(name)
    for url in [image, label] { try makeFolder(url.deletingLastPathComponent()) }
    try NIfTIWriter().write(sample.image, to: image.path)
    try NIfTIWriter().write(mask: sample.label(convention == .all ? .all : .bright), to: label.path)
    return [image, label]
  }
}
