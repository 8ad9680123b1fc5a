import DenoisedVessels
import Foundation
import ImageFiles
import Imaging
import Pipelines
import TestSupport
import Testing

/// The example of the documentation is compiled and run as it stands there.
@Suite("A stage of another package")
struct StageOfYourOwnTests {
  private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
  private static let example = tests.appendingPathComponent("StageOfYourOwn")

  @Test("It is named in YAML, feeds a stage of ours, is scored, reported, and not computed twice")
  func runs() throws {
    let samples = Self.tests.deletingLastPathComponent().appendingPathComponent("data/samples/vessels")
    let scan = samples.appendingPathComponent("images/vessels_000.nii.gz")
    let label = samples.appendingPathComponent("labels/vessels_000.nii.gz")
    let pipeline = Self.example.appendingPathComponent("denoised-frangi.yaml")
    try withTemporaryFolder { output in
      let record = try segmentVessels(of: scan, with: pipeline, into: output, label: label)
      #expect(record.status == .done)
      #expect(try #require(record.metrics["dice"] ?? nil) > 0.6)
      let folder = output.appendingPathComponent("vessels_000")
      let smooth = try NIfTIFile(path: folder.path + "/02-denoise/denoised.nii.gz").readVolume()
      let image = try NIfTIFile(path: folder.path + "/01-prepare/image.nii.gz").readVolume()
      #expect(smooth.volume.voxels != image.volume.voxels)
      #expect(FileManager.default.fileExists(atPath: folder.path + "/report.html"))
      let file = folder.path + "/02-denoise/stage.json"
      let written = try FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date
      _ = try segmentVessels(of: scan, with: pipeline, into: output, label: label)
      let kept = try FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date
      #expect(kept == written)
    }
  }

  @Test("Without the package its name is refused, with the line")
  func unknownWithoutIt() throws {
    let library = PipelineLibrary(folders: [Self.example], registry: .builtIn)
    let error = #expect(throws: PipelineError.self) {
      try library.pipeline(Self.example.path + "/denoised-frangi.yaml")
    }
    #expect(error?.description.contains("denoised-frangi.yaml:7:11: no stage type 'example.denoise'") == true)
  }
}
