import Foundation
import NeuralNetworks
import Testing
import Vessels

@Suite("Vessel models")
struct VesselModelTests {
  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("model-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  private func model() -> VesselModel {
    var design = UNet3D(width: 2, levels: 4, supervision: .pointwise)
    design.outputChannels = 2
    return VesselModel(
      design: design, weights: design.network().initialWeights(seed: 5),
      outputs: [.init(.all, threshold: 0.4), .init(.bright, threshold: 0.6)], notes: ["steps": "0"])
  }

  @Test("A model comes back from its file, exactly in f32, within rounding in 16 bits")
  func roundTrip() throws {
    try withFolder { folder in
      let model = model()
      for type in [TensorType.float32, .bfloat16, .float16] {
        let url = folder.appendingPathComponent("\(type.rawValue).safetensors")
        try model.write(to: url, type: type)
        let read = try VesselModel(contentsOf: url)
        #expect(read.design == model.design && read.outputs == model.outputs && read.notes == model.notes)
        #expect(read.channel(of: .bright) == 1)
        let error = zip(read.weights.values, model.weights.values).map { abs($0 - $1) / max(1, abs($1)) }
          .max()
        #expect((error ?? 1) <= (type == .float32 ? 0 : type == .float16 ? 0x1p-11 : 0x1p-8))
      }
      let sizes = try ["F32", "BF16"].map {
        try Data(contentsOf: folder.appendingPathComponent("\($0).safetensors")).count
      }
      #expect(Double(sizes[1]) < 0.75 * Double(sizes[0]))
    }
  }

  @Test("A missing file, weights of another program and false facts are told apart")
  func faults() throws {
    try withFolder { folder in
      let url = folder.appendingPathComponent("m.safetensors")
      #expect(throws: VesselModelError.missing(url.path)) { try VesselModel(contentsOf: url) }
      let model = model()
      try model.weights.write(to: url)
      #expect(throws: VesselModelError.noFacts(url.path, isPublished: false)) {
        try VesselModel(contentsOf: url)
      }

      // Facts of a network of another width: its tensors are listed.
      let facts = """
        {"design":{"width":4,"levels":4,"inputChannels":1,"outputChannels":2,"skip":"plain",
        "supervision":"pointwise","negativeSlope":0},"outputs":[{"convention":"all","threshold":0.5},
        {"convention":"bright","threshold":0.5}],"normalization":"percentile","notes":{}}
        """
      try model.weights.write(to: url, metadata: [VesselModel.metadataKey: facts])
      #expect(throws: WeightsMismatch.self) { try VesselModel(contentsOf: url) }
      for (from, to, reason) in [
        ("\"width\":4", "\"width\":1000000", "width"), ("\"levels\":4", "\"levels\":60", "levels"),
        ("\"threshold\":0.5", "\"threshold\":1.5", "thresholds"),
        ("\"inputChannels\":1", "\"inputChannels\":0", "input"),
        ("\"outputChannels\":2", "\"outputChannels\":3", "outputs"),
        ("\"width\":4,", "", "'width' is missing"),
        ("percentile", "none", "normalization"), ("{\"design\"", "[", "JSON"),
      ] {
        let wrong = facts.replacingOccurrences(of: from, with: to)
        #expect(wrong != facts)
        try model.weights.write(to: url, metadata: [VesselModel.metadataKey: wrong])
        let error = #expect(throws: VesselModelError.self) { try VesselModel(contentsOf: url) }
        #expect(error?.description.contains(reason) == true, "\(error.map(\.description) ?? "")")
      }
    }
  }
}
