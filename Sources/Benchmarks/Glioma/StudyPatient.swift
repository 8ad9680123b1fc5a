import Foundation
import Glioma
import ImageFiles
import Imaging

/// One synthetic patient of the published series, grown in an atlas; the truth is kept so that a second run reads it.
struct StudyPatient {
  let name: String
  let drawn: SyntheticGlioma
  let patient: Patient
  let truth: Volume<Float>

  init(index: Int, foci: Int, atlas: Volume<Float>, folder: URL) throws {
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
      truth = drawn.density(white: white, gray: gray, scheme: .correct)
      try NIfTIWriter(compressionLevel: 1).write(truth, to: file.path)
    }
    var images = PatientImages(segmentation: drawn.labels(of: truth).map(Float.init))
    (images.white, images.gray, images.fluid) = (white, gray, part(1))
    patient = try Patient(images, convention: .gliodil, realigned: false)
  }
}
