import Foundation
import ImageAnalysis
import ImageFiles
import Imaging
import Metrics
import NeuralNetworks
import Numerics
import Pipelines
import Synchronization
import TestSupport
import Testing
import Vessels

/// A folder with a small angiography, its label and an untrained network.
private struct VesselBench {
  let folder: URL
  let shape: VoxelShape

  init(_ folder: URL, shape: VoxelShape = VoxelShape(37, 31, 23), spacing: SIMD3<Double> = [0.6, 0.6, 0.6])
    throws
  {
    self.folder = folder
    self.shape = shape
    let sample = RandomSyntheticAngiography(shape: shape, spacing: spacing).draw(seed: 3, index: 1).make()
    try NIfTIWriter().write(sample.image.map { $0 * 700 }, to: url("scan.nii.gz").path)
    try NIfTIWriter().write(mask: sample.label(.all), to: url("label.nii.gz").path)
    var design = UNet3D(width: 2, levels: 4, supervision: .pointwise)
    design.outputChannels = 2
    try VesselModel(
      design: design, weights: design.network().initialWeights(seed: 1),
      outputs: [.init(.all, threshold: 0.4), .init(.bright)]
    ).write(to: url("model.safetensors"), type: .float32)
  }

  func url(_ name: String) -> URL { folder.appendingPathComponent(name) }

  /// Runs a pipeline of this package; warnings come back.
  @discardableResult
  func run(
    _ name: String, _ settings: String..., input: String = "scan.nii.gz", label: String? = "label.nii.gz"
  )
    throws -> [String]
  {
    let told = Mutex<[String]>([])
    let pipeline = try PipelineLibrary(folders: [pipelines], registry: .builtIn).pipeline(name)
    let networks = pipeline.steps.map(\.name).filter { ["first", "segment"].contains($0) }
    let models = networks.map { "\($0).model=model.safetensors" }
    var runner = CaseRunner(
      pipeline: try pipeline.applying((models + settings).map(Setting.init), relativeTo: folder),
      output: url("out"))
    runner.onEvent = { event in
      if case .warning(_, let text) = event { told.withLock { $0.append(text) } }
    }
    try runner.run(Case(id: "scan", input: url(input), label: label.map(url)))
    return told.withLock { $0 }
  }

  func output(_ path: String) -> URL { url("out/scan/" + path) }
  func volume(_ path: String) throws -> Volume<Float> {
    try NIfTIFile(path: output(path).path).readVolume().volume
  }
  func json(_ path: String) throws -> [String: Any] {
    try #require(
      JSONSerialization.jsonObject(with: Data(contentsOf: output(path))) as? [String: Any])
  }
}

/// `pipelines/` of this package.
private let pipelines = packageRoot.appendingPathComponent("pipelines")
private let packageRoot = URL(fileURLWithPath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

private func withBench(
  shape: VoxelShape = VoxelShape(37, 31, 23), spacing: SIMD3<Double> = [0.6, 0.6, 0.6],
  _ body: (VesselBench) throws -> Void
) throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("vessels-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  try body(VesselBench(folder, shape: shape, spacing: spacing))
}

@Suite("Pipelines with a vessel network", .serialized)
struct VesselPipelineTests {
  @Test(
    "Each ends with probabilities, a mask, scores and a report on the input's grid",
    arguments: ["vessels", "vessels-bright", "vessels-adapt"])
  func complete(name: String) throws {
    try withBench { bench in
      if name == "vessels-adapt" {
        try bench.run(name, "segment.steps=2", "segment.batch=1", "segment.inputs.proxy=label.nii.gz")
      } else {
        try bench.run(name)
      }
      let adapts = name == "vessels-adapt"
      let numbers = adapts ? ["04", "05", "06"] : ["02", "03", "04"]
      let probability = try bench.volume("\(numbers[0])-segment/probability.nii.gz")
      #expect(probability.shape == bench.shape)
      #expect(probability.voxels.allSatisfy { $0 >= 0 && $0 <= 1 })
      let input = try NIfTIFile(path: bench.url("scan.nii.gz").path)
      #expect(probability.grid.affine == input.grid.affine)
      let mask = try NIfTIFile(path: bench.output("\(numbers[1])-clean/vessels.nii.gz").path).readMask(
        .binary)
      #expect(mask.volume.shape == bench.shape)
      let facts = try bench.json("\(numbers[0])-segment/model.json")
      #expect(facts["convention"] as? String == (name == "vessels-bright" ? "bright" : "all"))
      let scores = try bench.json("\(numbers[2])-evaluate/metrics.json")
      #expect(scores.keys.contains("dice") && scores.keys.contains("cldice"))
      #expect(
        try bench.json("\(numbers[2])-evaluate/beyond.json").keys.contains("centreline_voxels_beyond_label"))
      #expect(FileManager.default.fileExists(atPath: bench.output("report.html").path))
      if adapts {
        #expect(
          try VesselModel(contentsOf: bench.output("04-segment/model.safetensors")).notes["adaptation"] != nil
        )
      }
    }
  }

  @Test("The model's own threshold is used unless another is given")
  func thresholds() throws {
    try withBench { bench in
      for (settings, threshold) in [("rule=model", 0.4), ("rule=fixed", 0.7)] {
        try bench.run(
          "vessels", "clean.\(settings)", "clean.brightness=ignored", "clean.threshold=0.7",
          "clean.smallest_component_voxels=0")
        let used = try bench.json("03-clean/decision.json")["threshold"] as? Double
        #expect(abs((used ?? 0) - threshold) < 1e-6)
        let probability = try bench.volume("02-segment/probability.nii.gz")
        let mask = try bench.volume("03-clean/vessels.nii.gz")
        #expect(zip(probability.voxels, mask.voxels).allSatisfy { ($0 >= Float(threshold)) == ($1 == 1) })
      }
    }
  }

  @Test("An ensemble gives the mean of its networks' probabilities and thresholds")
  func ensemble() throws {
    try withBench { bench in
      let first = try VesselModel(contentsOf: bench.url("model.safetensors"))
      var second = VesselModel(
        design: first.design, weights: first.design.network().initialWeights(seed: 77),
        outputs: first.outputs, normalization: first.normalization)
      second.outputs[0].threshold = 0.6
      try second.write(to: bench.url("second.safetensors"), type: .float32)
      func probability(_ setting: String) throws -> Volume<Float> {
        try bench.run("vessels", "segment.precision=f32", setting)
        return try bench.volume("02-segment/probability.nii.gz")
      }
      let one = try probability("clean.brightness=ignored")
      let both = try probability("segment.ensemble=[second.safetensors]")
      #expect(try bench.json("02-segment/model.json")["networks"] as? Int == 2)
      let used = try bench.json("03-clean/decision.json")["threshold"] as? Double
      #expect(abs((used ?? 0) - 0.5) < 1e-6)
      let other = try probability("segment.model=second.safetensors")
      // Files hold steps of 1/255.
      #expect(
        one.voxels.indices.allSatisfy {
          abs(both.voxels[$0] - (one.voxels[$0] + other.voxels[$0]) / 2) < 0.005
        })
      #expect(one.voxels != other.voxels)
    }
  }

  @Test("A model that is missing, damaged, of another network or without the output asked for says so")
  func models() throws {
    try withBench { bench in
      func failure(_ settings: String...) throws -> (String, Pipelines.ExitStatus) {
        do {
          let pipeline = try PipelineLibrary(folders: [pipelines], registry: .builtIn).pipeline("vessels")
          let runner = CaseRunner(
            pipeline: try pipeline.applying(settings.map(Setting.init), relativeTo: bench.folder),
            output: bench.url("out"))
          try runner.run(Case(id: "scan", input: bench.url("scan.nii.gz"), label: nil))
          return ("", .done)
        } catch { return (Pipelines.ExitStatus.message(of: error), Pipelines.ExitStatus(of: error)) }
      }
      let missing = try failure("segment.model=nothing.safetensors")
      #expect(missing.1 == .noInput && missing.0.contains("nothing.safetensors"), "\(missing)")
      let whole = try Data(contentsOf: bench.url("model.safetensors"))
      try whole.prefix(whole.count / 2).write(to: bench.url("cut.safetensors"))
      let cut = try failure("segment.model=cut.safetensors")
      #expect(cut.1 == .badData && cut.0.contains("cut.safetensors"), "\(cut)")
      try Data("not a model".utf8).write(to: bench.url("text.safetensors"))
      #expect(try failure("segment.model=text.safetensors").1 == .badData)
      let published = try failure("segment.model=model.safetensors", "segment.compat=ds6")
      #expect(published.1 == .badData && published.0.contains("Conv1.conv.0.weight"), "\(published)")
      let design = UNet3D(width: 2, levels: 4)
      try VesselModel(
        design: design, weights: design.network().initialWeights(seed: 1), outputs: [.init(.all)]
      ).write(to: bench.url("one.safetensors"), type: .bfloat16)
      let wrong = try failure("segment.model=one.safetensors", "segment.convention=bright")
      #expect(wrong.1 == .badData && wrong.0.contains("no output 'bright'"), "\(wrong)")
      #expect(try failure("segment.model=one.safetensors", "segment.patch=20").1 == .configuration)
      #expect(
        try failure("segment.model=one.safetensors", "segment.patch=32", "segment.halo=16").1
          == .configuration)
    }
  }

  @Test("Weights under the published names run with the published inference")
  func published() throws {
    try withBench { bench in
      // The weights among the values of the golden file, under their published names.
      let golden = try SafeTensors(
        contentsOf: packageRoot.appendingPathComponent("Tests/NeuralNetworksTests/Golden/ds6.safetensors"))
      try SafeTensors(golden.tensors.filter { $0.key.hasPrefix("model.") }).write(
        to: bench.url("ds6.safetensors"))
      try bench.run("vessels", "segment.model=ds6.safetensors", "segment.compat=ds6")
      let facts = try bench.json("02-segment/model.json")
      #expect(facts["window"] as? [Int] == [64, 64, 64])
      #expect(facts["threshold"] == nil || facts["threshold"] is NSNull)
      #expect(try bench.volume("02-segment/probability.nii.gz").voxels.allSatisfy { $0 > 0 && $0 < 1 })
    }
  }

  @Test(
    "Constant, empty, spoiled and tiny volumes run to their end; a mask of nothing is said to be so",
    arguments: ["constant", "zero", "hole", "tiny", "flat", "anisotropic"])
  func oddVolumes(kind: String) throws {
    try withBench { bench in
      var stream = RandomStream(seed: 2, purpose: "odd volumes")
      var shape = VoxelShape(29, 31, 17)
      var spacing = SIMD3(0.5, 0.5, 0.5)
      if kind == "tiny" { shape = VoxelShape(3, 2, 2) }
      if kind == "flat" { shape = VoxelShape(29, 31, 1) }
      if kind == "anisotropic" { spacing = [0.3, 0.3, 1.5] }
      var volume = Volume(
        grid: VoxelGrid(shape: shape, affine: Affine(spacing: spacing)),
        voxels: (0..<shape.count).map { _ in stream.uniform(0...400) })
      if kind == "constant" { volume = Volume(grid: volume.grid, filledWith: 40) }
      if kind == "zero" { volume = Volume(grid: volume.grid, filledWith: 0) }
      if kind == "hole" { volume[1, 1, 1] = .nan }
      try NIfTIWriter().write(volume, to: bench.url("odd.nii.gz").path)
      for name in ["vessels", "vessels-bright"] {
        let warnings = try bench.run(name, input: "odd.nii.gz", label: nil)
        let probability = try bench.volume("02-segment/probability.nii.gz")
        #expect(probability.shape == shape)
        #expect(probability.voxels.allSatisfy { $0 >= 0 && $0 <= 1 })
        if kind == "zero" {
          #expect(
            warnings.contains { $0.contains("no signal") } && warnings.contains { $0.contains("no vessels") })
        }
      }
    }
  }

  @Test("Labels of 0 and 255 are scored as 0 and 1; a label on another grid is refused")
  func labels() throws {
    try withBench { bench in
      try bench.run("vessels")
      let scores = try bench.json("04-evaluate/metrics.json")
      let label = try NIfTIFile(path: bench.url("label.nii.gz").path).readVolume().volume
      try NIfTIWriter().write(label.map { UInt8($0 * 255) }, to: bench.url("255.nii.gz").path)
      try bench.run("vessels", label: "255.nii.gz")
      #expect(try bench.json("04-evaluate/metrics.json")["dice"] as? Double == scores["dice"] as? Double)
      let moved = Mask(
        grid: VoxelGrid(shape: label.shape, affine: Affine(spacing: [0.6, 0.6, 0.6], origin: [3, 0, 0])),
        voxels: label.voxels.map { UInt8($0) })
      try NIfTIWriter().write(mask: moved, to: bench.url("moved.nii.gz").path)
      let error = #expect(throws: (any Error).self) { try bench.run("vessels", label: "moved.nii.gz") }
      #expect(error.map { Pipelines.ExitStatus(of: $0) } == .badData)
      #expect(error.map { Pipelines.ExitStatus.message(of: $0) }?.contains("moved.nii.gz") == true)
    }
  }
}
