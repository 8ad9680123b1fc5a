import NeuralNetworks
import Numerics
import Testing

/// Parts of a volume that networks leave out.
@Suite struct ActiveBlocksTests {
  private func volume(_ extents: SIMD3<Int>, hot: [SIMD3<Int>], value: Float = 1) -> [Float] {
    var image = [Float](repeating: 0, count: extents[0] * extents[1] * extents[2])
    for place in hot { image[(place[0] * extents[1] + place[1]) * extents[2] + place[2]] = value }
    return image
  }

  private func blocks(_ image: [Float], _ extents: SIMD3<Int>, threshold: Float = 0.5) -> ActiveBlocks {
    image.withUnsafeBufferPointer { ActiveBlocks(of: $0, extents: extents, threshold: threshold) }
  }

  @Test func `a bright line makes a block and its neighbours active, single voxels do not`() {
    let extents = SIMD3(40, 17, 33)
    let hot = (0..<7).map { SIMD3(17 + $0, 3, 25) }
    let found = blocks(volume(extents, hot: hot), extents)
    #expect(found.counts == [5, 3, 5])
    for index in found.isActive.indices {
      let (d, h, w) = (index / 15, index / 5 % 3, index % 5)
      #expect(found.isActive[index] == (abs(d - 2) <= 1 && h <= 1 && abs(w - 3) <= 1), "\(d) \(h) \(w)")
    }
    #expect(!blocks(volume(extents, hot: Array(hot.dropLast())), extents).isActive.contains(true))
    let apart = (0..<60).map { SIMD3(16 + $0 / 15 * 2, $0 / 3 % 5 * 2, 24 + $0 % 3 * 2) }
    #expect(!blocks(volume(extents, hot: apart), extents).isActive.contains(true))
    #expect(!blocks(volume(extents, hot: hot, value: .nan), extents).isActive.contains(true))
    var filled = [Float](repeating: 7, count: extents[0] * extents[1] * extents[2])
    filled.withUnsafeMutableBufferPointer { found.fill(inactive: $0, with: 0) }
    #expect(filled.count { $0 == 7 } == 24 * 16 * (33 - 16))
  }

  /// Two levels of sixteen channels and more: convolutions with and without pooling, an up-sampling, a concatenation.
  private static let design = UNet3D(width: 16, levels: 2)

  private func run(_ image: [Float], _ extents: SIMD3<Int>, _ active: ActiveBlocks?) throws -> [Float] {
    var design = Self.design
    design.supervision = .none
    let net = design.network()
    let plan = try net.compile(
      inputShape: [1, 1, extents[0], extents[1], extents[2]], mode: .inference, precision: .f32)
    try plan.load(ConvolutionCase.weights(net, seed: 5))
    // What an earlier image left must not show.
    try plan.forward([Float](repeating: 3, count: image.count))
    try image.withUnsafeBufferPointer { try plan.forward($0, active: active) }
    return Array(plan.outputs[0].values)
  }

  @Test func `where everything is active nothing changes`() throws {
    let extents = SIMD3(16, 48, 48)
    let image = ConvolutionCase.noise(extents[0] * extents[1] * extents[2], seed: 6, "image")
    let all = blocks(image, extents, threshold: -.infinity)
    #expect((try run(image, extents, all) == run(image, extents, nil)) == true)
  }

  @Test func `far inside of the active part outputs are those of the whole`() throws {
    let extents = SIMD3(32, 48, 112)
    var image = ConvolutionCase.noise(extents[0] * extents[1] * extents[2], seed: 7, "image")
    // A ball of signal in noise that is no signal.
    for d in 0..<extents[0] {
      for h in 0..<extents[1] {
        for w in 0..<extents[2] {
          let r = SIMD3(Double(d) - 16, Double(h) - 20, Double(w) - 40)
          if (r * r).sum() < 26 * 26 { image[(d * extents[1] + h) * extents[2] + w] += 100 }
        }
      }
    }
    let active = blocks(image, extents, threshold: 50)
    #expect(active.isActive.contains(true) && active.isActive.contains(false))
    let (some, all) = (try run(image, extents, active), try run(image, extents, nil))
    let scale = all.reduce(0) { max($0, abs($1)) }
    var (inner, outer) = (0, 0)
    for d in 0..<extents[0] {
      for h in 0..<extents[1] {
        for w in 0..<extents[2] {
          let place = (d * extents[1] + h) * extents[2] + w
          let r = SIMD3(Double(d) - 16, Double(h) - 20, Double(w) - 40)
          // A voxel sees 12 voxels along each axis; the active part reaches 8 beyond the ball at least.
          if (r * r).sum() < 15 * 15 {
            inner += 1
            if abs(some[place] - all[place]) > 1e-6 * scale { Issue.record("\(d) \(h) \(w)") }
          }
          if w > 88, some[place] != all[place] { outer += 1 }
        }
      }
    }
    #expect(inner > 10_000)
    // And beyond it something was left out, where this package's kernels run.
    #expect((outer > 0) == KernelLibrary.hasFusedProducts)
  }
}
