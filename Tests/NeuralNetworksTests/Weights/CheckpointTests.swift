import Foundation
import NeuralNetworks
import Numerics
import TestSupport
import Testing

@Suite("Checkpoints")
struct CheckpointTests {
  static let network: Network = {
    var network = Network(spatialAxes: 2)
    var x = network.convolution(network.input(channels: 1), to: 2, Convolution(kernel: 3), name: "conv")
    x = network.normalisation(x, Normalisation(.batch(momentum: 0.1)), name: "norm")
    network.setOutputs([x])
    return network
  }()

  static let sample: Checkpoint = {
    var weights = network.initialWeights(seed: 3)
    var optimizer = Optimizer(.adam(Adam()), for: network.table)
    optimizer.step(
      &weights, gradient: (0..<network.table.trainableCount).map { Float($0) - 3 }, learningRate: 0.1)
    var progress = Checkpoint.Progress(seed: .max, algorithm: optimizer.algorithm, plateau: PlateauSchedule())
    progress.step = 17
    progress.bestScore = 0.1 + 0.2
    var stream = RandomStream(seed: 1, purpose: "drawn from")
    _ = stream.next32()
    progress.streams["data"] = stream
    var average = WeightAverage(weights, decay: 0.99)
    average.update(with: weights)
    return Checkpoint(
      progress: progress, weights: weights, optimizer: optimizer.state, average: average,
      notes: ["design": "{\"width\":16}"])
  }()

  @Test("Every part survives, bit for bit")
  func roundTrip() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("checkpoint")
      try Self.sample.write(to: url)
      let read = try Checkpoint(contentsOf: url, for: Self.network.table)
      #expect(read == Self.sample)
      var streams = (read.progress.streams["data"], Self.sample.progress.streams["data"])
      #expect(streams.0?.next() == streams.1?.next())
    }
  }

  @Test("A checkpoint cut at any byte or with any flipped bit is refused")
  func damage() throws {
    let file = try Self.sample.tensors().encoded()
    func read(_ data: Data) throws {
      _ = try Checkpoint(SafeTensors(data, name: "c"), name: "c", for: Self.network.table)
    }
    try read(file)
    for length in 0..<file.count {
      #expect(throws: (any Error).self, "cut at \(length)") { try read(file.prefix(length)) }
    }
    for byte in 0..<file.count {
      var damaged = file
      damaged[byte] ^= 1 << UInt8(byte % 8)
      #expect(throws: (any Error).self, "flip in byte \(byte)") { try read(damaged) }
    }
  }

  @Test("Weights of another network are refused with the list of differences")
  func otherNetwork() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("checkpoint")
      try Self.sample.write(to: url)
      var plain = Network(spatialAxes: 2)
      let x = plain.convolution(plain.input(channels: 1), to: 3, Convolution(kernel: 3), name: "conv")
      plain.setOutputs([plain.convolution(x, to: 1, Convolution(kernel: 1), name: "head")])
      let error = try #require(throws: WeightsMismatch.self) {
        try Checkpoint(contentsOf: url, for: plain.table)
      }
      #expect(error.missing == ["head.weight", "head.bias"])
      #expect(error.unexpected == ["norm.bias", "norm.running_mean", "norm.running_var", "norm.weight"])
      #expect(error.different.first == "conv.weight: [3, 1, 3, 3] expected, F32 [2, 1, 3, 3] found")
      #expect(error.description.contains("2 tensors missing: head.weight, head.bias"))
    }
  }

  @Test("Plain weights are read back, and are no checkpoint")
  func plainWeights() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("model.safetensors")
      var weights = Self.sample.weights
      try weights.write(to: url, metadata: ["model": "test"])
      #expect(try Weights(contentsOf: url, for: Self.network.table) == weights)
      #expect(
        throws: CheckpointError.format(file: url.path, expected: "malpighi-checkpoint-1", found: "none")
      ) { try Checkpoint(contentsOf: url, for: Self.network.table) }
      weights.values[3] = .nan
      try weights.write(to: url)
      let error = try #require(throws: WeightsMismatch.self) {
        try Weights(contentsOf: url, for: Self.network.table)
      }
      #expect(error.notFinite == ["conv.weight"])
    }
  }
}
