import Foundation
import ImageFiles
import Imaging
import Vessels

/// Synthetic angiographies with their labels.
struct SynthesizeVessels: Synthesis {
  enum Convention: String, ParameterChoice { case all, bright }
  enum Scene: String, ParameterChoice { case head, patch }

  static let name = "vessels"
  static let summary = "Branching vessels in a head-like background, with labels."
  static let parameters = [
    Parameter(
      "scene", \SynthesizeVessels.scene,
      "a head, cropped around the circle of Willis where the image is smaller; or the wide domain of training patches"
    ),
    Parameter("shape", \SynthesizeVessels.shape, "voxels along x, y, z"),
    Parameter("spacing_mm", \SynthesizeVessels.spacing, "voxel size along x, y, z, in mm"),
    Parameter(
      "convention", \SynthesizeVessels.convention,
      "what the label holds: all vessels, or those that stand out"),
  ]

  var scene = Scene.head
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
    guard scene == .patch || Set(spacing).count == 1 else {
      throw WrongValue(
        found: spacing.json.plainText,
        expected: "spacing_mm: three equal numbers, as a head's voxels are cubes")
    }
  }

  private func draw(seed: UInt64, index: Int) -> SyntheticAngiography {
    let shape = VoxelShape(shape[0], shape[1], shape[2])
    let spacing = SIMD3(spacing[0], spacing[1], spacing[2])
    switch scene {
    case .head: return RandomHead(shape: shape, spacing: spacing.x).draw(seed: seed, index: index)
    case .patch:
      return RandomSyntheticAngiography(shape: shape, spacing: spacing).draw(seed: seed, index: index)
    }
  }

  func write(index: Int, seed: UInt64, into folder: URL) throws -> [URL] {
    let angiography = draw(seed: seed, index: index)
    let sample = angiography.make()
    let name =
      "vessels_" + String(repeating: "0", count: max(0, 3 - String(index).count))
      + "\(index).nii.gz"
    let image = folder.appendingPathComponent("images").appendingPathComponent(name)
    let label = folder.appendingPathComponent("labels").appendingPathComponent(name)
    for url in [image, label] { try makeFolder(url.deletingLastPathComponent()) }
    if angiography.acquisition.isEightBit, angiography.acquisition.isClipped {
      // The levels the synthetic scanner wrote, as it wrote them.
      try NIfTIWriter().write(
        sample.image.map { UInt8(min(255, max(0, ($0 * 255).rounded()))) }, to: image.path)
    } else {
      try NIfTIWriter().write(sample.image, to: image.path)
    }
    try NIfTIWriter().write(mask: sample.label(convention == .all ? .all : .bright), to: label.path)
    return [image, label]
  }
}
