import ArgumentParser
import Foundation
import Glioma
import ImageFiles
import Imaging

/// What the model of a fit does not know about the tumour it is given.
enum ModelError: String, CaseIterable, ExpressibleByArgument {
  /// Nothing: the truth was grown by the model.
  case none
  /// The tissue maps lie 4 mm aside, as a registration may leave them.
  case tissue
  /// The diffusivity varies by half, in waves of 40 mm.
  case diffusivity
}

/// One synthetic patient of the published series, grown in an atlas; the truth is kept so that a second run reads it.
struct StudyPatient {
  let name: String
  let drawn: SyntheticGlioma
  let patient: Patient
  let truth: Volume<Float>

  init(
    index: Int, foci: Int, atlas: Volume<Float>, error: ModelError, hasPET: Bool, folder: URL
  ) throws {
    name = "\(foci)T-" + String(repeating: "0", count: max(0, 3 - "\(index)".count)) + "\(index)"
    drawn = SyntheticGlioma(index: index, focusCount: foci)
    func part(_ label: Float) -> Volume<Float> { atlas.map { abs($0 - label) < 0.5 ? 1 : 0 } }
    let (white, gray) = (part(3), part(2))
    let home = folder.appendingPathComponent(name)
    let file = home.appendingPathComponent("truth.nii.gz")
    if FileManager.default.fileExists(atPath: file.path) {
      truth = try NIfTIFile(path: file.path).readVolume().volume
    } else {
      try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
      func grown(_ tissue: Volume<Float>) -> Volume<Float> {
        switch error {
        case .none: tissue
        case .tissue: StudyPatient.moved(tissue)
        case .diffusivity: StudyPatient.varied(tissue)
        }
      }
      truth = drawn.density(white: grown(white), gray: grown(gray), scheme: .correct)
      try NIfTIWriter(compressionLevel: 1).write(truth, to: file.path)
    }
    var images = PatientImages(segmentation: drawn.labels(of: truth).map(Float.init))
    (images.white, images.gray, images.fluid) = (white, gray, part(1))
    if hasPET {
      images.pet = drawn.uptake(
        of: truth, white: white, gray: gray, seed: SyntheticGlioma.publishedSeed &+ UInt64(index))
    }
    patient = try Patient(images, convention: .gliodil, realigned: false)
  }

  /// `tissue` 4 mm further along x.
  private static func moved(_ tissue: Volume<Float>) -> Volume<Float> {
    let step = Int((4 / tissue.grid.spacing.x).rounded())
    return rebuilt(tissue) { x, y, z in x >= step ? tissue[x - step, y, z] : 0 }
  }

  /// `tissue` times 1 ± ½ in waves along all axes: what makes cells faster or slower without being seen.
  private static func varied(_ tissue: Volume<Float>) -> Volume<Float> {
    rebuilt(tissue) { x, y, z in
      let phase = SIMD3(Double(x), Double(y), Double(z)) * tissue.grid.spacing * (2 * Double.pi / 40)
      let wave = sin(phase.x) * cos(phase.y) + sin(phase.y) * cos(phase.z) + sin(phase.z) * cos(phase.x)
      return tissue[x, y, z] * Float(1 + wave / 3)
    }
  }

  private static func rebuilt(
    _ tissue: Volume<Float>, _ value: (_ x: Int, _ y: Int, _ z: Int) -> Float
  ) -> Volume<Float> {
    var voxels: [Float] = []
    voxels.reserveCapacity(tissue.shape.count)
    for z in 0..<tissue.shape.z {
      for y in 0..<tissue.shape.y {
        for x in 0..<tissue.shape.x { voxels.append(value(x, y, z)) }
      }
    }
    return Volume(grid: tissue.grid, voxels: voxels)
  }
}
