import Foundation
import TestSupport
import Testing

@Suite("malpighi run glioma, a patient's folder")
struct PatientFolderTests {
  @Test("Two files that could be the segmentation are named; the one that the user says is taken")
  func ambiguous() throws {
    try withTemporaryFolder { folder in
      let samples = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("data/samples/glioma")
      let patient = folder.appendingPathComponent("patient")
      try FileManager.default.copyItem(at: samples.appendingPathComponent("patient_1T_000"), to: patient)
      let (first, second) = (
        patient.appendingPathComponent("time1_segm.nii.gz"),
        patient.appendingPathComponent("time2_segm.nii.gz")
      )
      try FileManager.default.moveItem(at: patient.appendingPathComponent("segm.nii.gz"), to: first)
      try FileManager.default.copyItem(
        at: samples.appendingPathComponent("patient_3T_000/segm.nii.gz"), to: second)
      let command = "$MALPIGHI run glioma patient --stage prepare --output"
      let refused = try Program.shell("\(command) none", in: folder)
      #expect(refused.status == 65)
      for part in ["time1_segm.nii.gz", "time2_segm.nii.gz", "prepare.segmentation=FILE"] {
        #expect(refused.errors.contains(part), "\(refused.errors)")
      }
      var prepared: [Data] = []
      for file in [first, second] {
        let output = file.lastPathComponent
        let run = try Program.shell(
          "\(command) \(output) --set prepare.segmentation=patient/\(file.lastPathComponent)", in: folder)
        #expect(run.status == 0, "\(run.errors)")
        prepared.append(
          try Data(
            contentsOf: folder.appendingPathComponent("\(output)/patient/01-prepare/segmentation.nii.gz")))
      }
      #expect(prepared[0] != prepared[1])
    }
  }
}
