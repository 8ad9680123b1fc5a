import Foundation
import ImageFiles
import Imaging
import Pipelines
import Synchronization
import TestSupport
import Testing
import Vessels

/// A folder of small synthetic scans, some with labels, and a short training of them.
private struct TrainingBench {
  let folder: URL
  let pipeline: Pipeline

  init(_ folder: URL) throws {
    self.folder = folder
    for name in ["images", "labels", "out"] {
      try FileManager.default.createDirectory(
        at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
    }
    // Sizes that are prime or smaller than a patch.
    let shapes = [
      VoxelShape(37, 29, 23), VoxelShape(32, 32, 11), VoxelShape(41, 32, 32), VoxelShape(16, 40, 32),
    ]
    for (index, shape) in shapes.enumerated() {
      let sample = RandomSyntheticAngiography(shape: shape).draw(seed: 3, index: index + 20).make()
      try NIfTIWriter().write(
        sample.image, to: folder.appendingPathComponent("images/scan-\(index).nii.gz").path)
      let label = folder.appendingPathComponent("labels/scan-\(index).nii.gz").path
      // A label of 0 and 255, and a case without one.
      if index < 3 { try NIfTIWriter().write(sample.all.map { $0 * (index == 0 ? 255 : 1) }, to: label) }
    }
    let yaml = """
      cases: volume
      stages:
        - name: prepare
          type: vessels.prepare
      train:
        type: vessels.train
        parameters:
          network: mss
          width: 4
          patch: 16
          batch: 3
          image_only: 1
          consistency: 1
          mip: multi
          epochs: 2
          steps: 3
          warm_up: 1
          validation: 0.34
          precision: f32
      """
    let url = folder.appendingPathComponent("tiny.yaml")
    try Data(yaml.utf8).write(to: url)
    pipeline = try PipelineLibrary(folders: [folder], registry: .builtIn).pipeline(url.path)
  }

  /// Train into `name`; the warnings.
  @discardableResult
  func train(_ name: String, _ settings: String..., resumes: Bool = false) throws -> [String] {
    let warnings = Mutex<[String]>([])
    let output = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
    let changed = try pipeline.applying(settings.map { try Setting("train." + $0) }, relativeTo: folder)
    let found = try CaseDiscovery(folder: folder, kind: .volume)
    try changed.training?.run(
      TrainingContext(
        cases: found.cases, folder: output, resumes: resumes, pipeline: changed,
        onWarning: { text in warnings.withLock { $0.append(text) } }))
    return warnings.withLock { $0 }
  }

  func data(_ path: String) throws -> Data { try Data(contentsOf: folder.appendingPathComponent(path)) }
}

@Suite("Training of vessels")
struct TrainVesselsTests {
  @Test(
    "Labelled and image-only scans of any size give a model, a history, a report, and the same bytes again")
  func whole() throws {
    try withTemporaryFolder { folder in
      let bench = try TrainingBench(folder)
      try bench.train("a")
      let model = try VesselModel(contentsOf: bench.folder.appendingPathComponent("a/model.safetensors"))
      #expect(model.design.width == 4 && model.outputs.map(\.convention) == [.all])
      let history = String(decoding: try bench.data("a/history.csv"), as: UTF8.self).split(separator: "\n")
      #expect(history.count == 3 && history[0].contains("consistency") && history[0].contains("projection"))
      let report = String(decoding: try bench.data("a/report.html"), as: UTF8.self)
      #expect(report.contains("memory: at most") && report.contains("waiting for patches"))
      try bench.train("b", "loaders=0")
      #expect(try bench.data("a/model.safetensors") == bench.data("b/model.safetensors"))
      // A training that is done has nothing left to do.
      try bench.train("b", "loaders=0", resumes: true)
      #expect(try bench.data("a/model.safetensors") == bench.data("b/model.safetensors"))
    }
  }

  @Test("Folds give one model each, all different; synthetic patches train without a scan")
  func folds() throws {
    try withTemporaryFolder { folder in
      let bench = try TrainingBench(folder)
      try bench.train("folds", "folds=3", "epochs=1")
      let models = try (1...3).map { try bench.data("folds/fold-\($0)/model.safetensors") }
      #expect(Set(models).count == 3)
      try bench.train(
        "synthetic", "synthetic=2", "replayed=1", "image_only=0", "consistency=0", "mip=none",
        "outputs=all,bright",
        "epochs=1", "selection=last")
      let model = try VesselModel(
        contentsOf: bench.folder.appendingPathComponent("synthetic/model.safetensors"))
      #expect(model.outputs.map(\.convention) == [.all, .bright])
    }
  }

  @Test(
    "Settings that contradict each other are refused before anything is read",
    arguments: [
      ("patch=40", "multiple of 16"), ("image_only=4", "at most the batch"), ("consistency=0", "image-only"),
      ("outputs=all,bright", "one output"), ("mip_target=volume", "augmentation: none"),
      ("folds=1", "at least 2"),
      ("replayed=1", "synthetic: at least 1"),
    ])
  func contradictions(setting: String, reason: String) throws {
    try withTemporaryFolder { folder in
      let bench = try TrainingBench(folder)
      let error = #expect(throws: PipelineError.self) { try bench.train("x", setting) }
      #expect(error?.description.contains(reason) == true, "\(error.map { "\($0)" } ?? "none")")
    }
  }

  @Test("The same image under two names, and a label on another grid, are refused by name")
  func badCases() throws {
    try withTemporaryFolder { folder in
      let bench = try TrainingBench(folder)
      let images = bench.folder.appendingPathComponent("images")
      let copy = images.appendingPathComponent("twin.nii.gz")
      try FileManager.default.copyItem(at: images.appendingPathComponent("scan-0.nii.gz"), to: copy)
      #expect(throws: PipelineError.self) { try bench.train("x") }
      try FileManager.default.removeItem(at: copy)
      let other = Mask(
        grid: VoxelGrid(shape: VoxelShape(9, 9, 9), affine: Affine(spacing: [1, 1, 1])), filledWith: 0)
      try NIfTIWriter().write(
        mask: other, to: bench.folder.appendingPathComponent("labels/scan-1.nii.gz").path)
      let error = #expect(throws: PipelineError.self) { try bench.train("x") }
      #expect(error?.description.contains("scan-1") == true)
    }
  }

  @Test("The recipes in pipelines/ can be read")
  func recipes() throws {
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { root = root.deletingLastPathComponent() }
    let pipelines = PipelineLibrary(folders: [root.appendingPathComponent("pipelines")], registry: .builtIn)
    for name in ["vessels-train", "vessels-synthetic"] {
      #expect(try pipelines.pipeline(name).training != nil)
    }
  }
}
