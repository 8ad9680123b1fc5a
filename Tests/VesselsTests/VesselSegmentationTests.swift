import Foundation
import ImageAnalysis
import Imaging
import NeuralNetworks
import Numerics
import Testing
import Vessels

@Suite("Whole-volume inference")
struct VesselSegmentationTests {
  private func model(levels: Int = 3) -> VesselModel {
    var design = UNet3D(width: 4, levels: levels)
    design.outputChannels = 2
    return VesselModel(
      design: design, weights: design.network().initialWeights(seed: 3),
      outputs: [.init(.all), .init(.bright)])
  }

  private func noise(_ shape: VoxelShape, spacing: SIMD3<Double> = [0.5, 0.5, 0.5]) -> Volume<Float> {
    var stream = RandomStream(seed: 12, purpose: "segmentation test")
    return Volume(
      grid: VoxelGrid(shape: shape, affine: Affine(spacing: spacing)),
      voxels: (0..<shape.count).map { _ in stream.uniform(100...900) })
  }

  private func difference(_ a: Volume<Float>, _ b: Volume<Float>) -> Float {
    zip(a.voxels, b.voxels).map { abs($0 - $1) }.max() ?? .infinity
  }

  private func single(_ sharing: VesselNetwork.Sharing = .withinWindow) -> VesselSegmentation {
    var one = VesselSegmentation()
    one.precision = .f32
    one.sharing = sharing
    return one
  }

  @Test(
    "Tiles with a halo of the receptive field give what one tile gives, whatever the memory and the offset")
  func tiles() throws {
    // Two levels: a voxel sees 12 voxels around it: 2·1 + 2·2 of the convolutions down, 2 + 1 of the ways up, pooling.
    let model = model(levels: 2)
    let volume = noise(VoxelShape(72, 48, 48))
    var whole = single()
    whole.memoryBytes = 1 << 32
    let one = try whole(volume, model: model, channel: 1)
    #expect(one.windows.computed == 1)
    #expect(one.probability.grid == volume.grid)
    var tiled = single()
    tiled.halo = 14
    tiled.patch = 48
    let many = try tiled(volume, model: model, channel: 1)
    #expect(many.windows.computed > 1)
    #expect(difference(one.probability, many.probability) < 1e-5)
    tiled.sharing = .betweenWindows
    #expect(difference(one.probability, try tiled(volume, model: model, channel: 1).probability) < 1e-5)
    // An even offset keeps the pooling's blocks. Voxels near the faces see repeated voxels instead of nothing.
    tiled.offset = VoxelShape(6, 0, 2)
    let shifted = try tiled(volume, model: model, channel: 1).probability
    for k in 14..<34 {
      for j in 14..<34 {
        for i in 14..<58 { #expect(abs(shifted[i, j, k] - one.probability[i, j, k]) < 1e-5) }
      }
    }
  }

  @Test("Less memory gives smaller tiles and the same answer; too little is refused with the numbers")
  func memory() throws {
    let model = model(levels: 2)
    let volume = noise(VoxelShape(96, 48, 48))
    var settings = single()
    settings.halo = 14
    let large = try settings(volume, model: model, channel: 0)
    settings.memoryBytes = large.memoryBytes * 3 / 4
    let small = try settings(volume, model: model, channel: 0)
    #expect(small.memoryBytes <= settings.memoryBytes && small.windows.computed > large.windows.computed)
    #expect(difference(large.probability, small.probability) < 1e-5)
    for mode in VesselSegmentation.Mode.allCases {
      settings.mode = mode
      settings.memoryBytes = 100_000
      let error = #expect(throws: VesselSegmentationError.self) {
        _ = try settings(volume, model: model, channel: 0)
      }
      guard case .memory(_, let needed, let allowed) = error else {
        Issue.record("no refusal in mode \(mode)")
        continue
      }
      #expect(needed > 100_000 && allowed == 100_000)
    }
  }

  @Test("A part of the network whose weights lack a tensor is refused by the tensor's name")
  func missingTensor() throws {
    let weights = UNet3D(width: 4, levels: 2).network().initialWeights(seed: 3)
    let deeper = UNet3D(width: 4, levels: 3).network().table
    let error = #expect(throws: NeuralNetworkError.self) { _ = try weights.subset(for: deeper) }
    guard case .parameterMismatch(let name, _, let found) = error else {
      Issue.record("another error")
      return
    }
    #expect(deeper.index(of: name) != nil && found == "none")
  }

  @Test(
    "Any size and both modes give a map on the volume's grid with probabilities only",
    arguments: [VoxelShape(37, 13, 29), VoxelShape(7, 11, 5), VoxelShape(20, 1, 17), VoxelShape(1, 1, 1)],
    VesselSegmentation.Mode.allCases)
  func sizes(shape: VoxelShape, mode: VesselSegmentation.Mode) throws {
    var settings = single()
    settings.mode = mode
    settings.patch = 32
    settings.halo = 8
    let outcome = try settings(noise(shape), model: model(), channel: 0)
    #expect(outcome.probability.shape == shape)
    #expect(outcome.probability.voxels.allSatisfy { $0 > 0 && $0 < 1 })
  }

  @Test("Blended windows and tiles agree where windows are large, mirroring averages mirrored answers")
  func mirroring() throws {
    let model = model()
    let volume = noise(VoxelShape(32, 32, 32))
    var plain = single()
    let answer = try plain(volume, model: model, channel: 0).probability
    plain.mirroring = .x
    let mirrored = try plain(volume, model: model, channel: 0).probability
    plain.mirroring = .none
    func opposite(_ index: Int) -> Int { index - index % 32 + 31 - index % 32 }
    let reversed = Volume(
      grid: volume.grid, voxels: (0..<volume.shape.count).map { volume.voxels[opposite($0)] })
    let other = try plain(reversed, model: model, channel: 0).probability
    for index in stride(from: 0, to: volume.shape.count, by: 7) {
      let mean = (answer.voxels[index] + other.voxels[opposite(index)]) / 2
      #expect(abs(mirrored.voxels[index] - mean) < 1e-5)
    }
    #expect(WindowMirroring.all.passes.count == 8 && Set(WindowMirroring.all.passes).count == 8)
    plain.mirroring = .all
    let all = try plain(volume, model: model, channel: 0).probability
    plain.mirroring = .all
    let allReversed = try plain(reversed, model: model, channel: 0).probability
    for index in stride(from: 0, to: volume.shape.count, by: 7) {
      #expect(abs(all.voxels[index] - allReversed.voxels[opposite(index)]) < 1e-5)
    }
  }

  @Test("Air is left out, constant and empty volumes give finite answers")
  func air() throws {
    let shape = VoxelShape(96, 32, 32)
    var volume = noise(shape)
    volume.withMutableVoxels { voxels in
      for index in voxels.indices where index % 96 >= 40 { voxels[index] = 3 }
    }
    var settings = single()
    settings.patch = 32
    settings.halo = 0
    let outcome = try settings(volume, model: model(), channel: 0)
    #expect(outcome.probability[90, 5, 5] == 0 && outcome.probability[5, 5, 5] > 0)
    let empty = try settings(Volume(grid: volume.grid, filledWith: 0), model: model(), channel: 0)
    #expect(empty.windows.computed == 0 && empty.probability.voxels.allSatisfy { $0 == 0 })
    for value in [7, -7] as [Float] {
      let constant = try settings(Volume(grid: volume.grid, filledWith: value), model: model(), channel: 0)
      #expect(constant.probability.voxels.allSatisfy { $0.isFinite && $0 >= 0 && $0 <= 1 })
    }
    var holes = noise(VoxelShape(20, 20, 20))
    holes[3, 3, 3] = .nan
    holes[4, 3, 3] = .infinity
    #expect(try settings(holes, model: model(), channel: 0).probability.voxels.allSatisfy { $0.isFinite })
  }

  @Test("The answer does not depend on the image's unit, and flat voxels are segmented on cubes")
  func units() throws {
    let volume = noise(VoxelShape(24, 24, 10), spacing: [0.4, 0.4, 1.2])
    let settings = single()
    let one = try settings(volume, model: model(), channel: 0)
    #expect(one.window.z == 32 && one.window.x == 24)
    #expect(one.probability.grid == volume.grid)
    let other = try settings(volume.map { $0 * 37 }, model: model(), channel: 0)
    #expect(difference(one.probability, other.probability) < 1e-4)
    var never = settings
    never.anisotropyLimit = .infinity
    #expect(try never(volume, model: model(), channel: 0).window.z == 12)
  }

  @Test("The published inference divides each window by its maximum and averages sigmoids")
  func published() throws {
    let model = VesselModel(
      design: UNet3D(width: 2, levels: 2),
      weights: UNet3D(width: 2, levels: 2).network().initialWeights(seed: 9),
      outputs: [.init(.all)], normalization: .patchMaximum)
    let volume = noise(VoxelShape(64, 70, 64))
    var settings = VesselSegmentation.published
    settings.precision = .f32
    let answer = try settings(volume, model: model, channel: 0)
    #expect(answer.windows.computed == 2)
    let network = try VesselNetwork(
      model.design, weights: model.weights, window: VoxelShape(64, 64, 64), precision: .f32)
    func window(_ y: Int) throws -> [Float] {
      var patch = PatchWindow(x: 0, y: y, z: 0, shape: network.window).values(of: volume)
      let top = try #require(patch.max())
      for index in patch.indices { patch[index] /= top }
      var result = patch
      try patch.withUnsafeBufferPointer { input in
        try result.withUnsafeMutableBufferPointer { try network.run(input, channel: 0, into: $0) }
      }
      return result
    }
    let (low, high) = (try window(0), try window(6))
    let shape = network.window
    for (i, j, k) in [(3, 2, 5), (40, 30, 20), (63, 66, 63)] {
      let values = [
        j < 64 ? low[shape.index(i, j, k)] : nil, j >= 6 ? high[shape.index(i, j - 6, k)] : nil,
      ].compactMap { $0 }
      let mean = values.reduce(0, +) / Float(values.count)
      #expect(abs(answer.probability[i, j, k] - mean) < 1e-5)
    }
  }

  @Test("A tile layout keeps to its limit, covers the volume and computes no more than needed")
  func layout() {
    var stream = RandomStream(seed: 4, purpose: "layouts")
    for _ in 0..<60 {
      let extent = VoxelShape(
        stream.integer(1...400), stream.integer(1...400), stream.integer(1...300))
      let layout = TileLayout(extent: extent, halo: 16, divisor: 16, limit: 1 << 21)
      #expect(layout.tile.count <= 1 << 21)
      for axis in 0..<3 {
        let (side, count) = (layout.tile[axis], layout.counts[axis])
        #expect(side % 16 == 0 && (count == 1 || side > 32))
        #expect(count * side - (count - 1) * 32 >= extent[axis], "\(extent) \(layout)")
      }
      let windows = SlidingWindow.tiles(patch: layout.tile, halo: 16).windows(over: extent)
      #expect(windows.count <= layout.counts.count)
    }
    #expect(
      TileLayout(extent: VoxelShape(100, 100, 100), halo: 16, divisor: 16, limit: 1 << 30).counts.count == 1)
    #expect(TileLayout(extent: VoxelShape(100, 100, 100), halo: 16, divisor: 16, limit: 1).tile.count > 0)
  }
}

@Suite("From probabilities to vessels")
struct VesselDecisionTests {
  private let grid = VoxelGrid(shape: VoxelShape(12, 1, 1))
  private func volume(_ values: [Float]) -> Volume<Float> { Volume(grid: grid, voxels: values) }

  @Test("Thresholds, hysteresis and components by hand")
  func thresholds() {
    let p = volume([0.6, 0.3, 0.1, 0.3, 0.3, 0, 0.5, 0, 0, 0.9, 0.9, 0.9])
    #expect(VesselDecision(high: 0.5)(p, image: nil).voxels == [1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 1, 1])
    var decision = VesselDecision(high: 0.5)
    decision.lowShare = 0.5
    #expect(decision(p, image: nil).voxels == [1, 1, 0, 0, 0, 0, 1, 0, 0, 1, 1, 1])
    decision.smallestComponent = 2
    #expect(decision(p, image: nil).voxels == [1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1])
  }

  @Test("Growth follows bright voxels from certain ones, and takes no dark voxel however certain")
  func growth() {
    let p = volume([0.9, 0.2, 0.0, 0.9, 0, 0, 0.4, 0.4, 0, 0.9, 0.05, 0.3])
    let image = volume([1, 1, 1, 0.5, 1, 0, 1, 1, 0, 1, 1, 1])
    var decision = VesselDecision(high: 0.5)
    decision.brightness = .required
    #expect(decision(p, image: image).voxels == [1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1])
    decision.brightProbability = 0.1
    #expect(decision(p, image: image).voxels == [1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0])
    decision.brightness = .added
    #expect(decision(p, image: image).voxels == [1, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0])
    decision.brightProbability = 0
    #expect(decision(p, image: image).voxels == [1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1])
    // Brightness is a share of the vessels' own.
    #expect(decision(p, image: image.map { $0 * 300 }).voxels == [1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1])
  }

  @Test("A region of bright voxels is taken with its certain ones only where these are the larger part of it")
  func support() {
    // A vessel with one doubtful voxel, and a sheet of tissue of which one voxel looks like vessel.
    let p = volume([0.9, 0.8, 0.2, 0.9, 0, 0.1, 0.1, 0.7, 0.1, 0, 0, 0])
    let image = volume([1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0])
    var decision = VesselDecision(high: 0.5)
    decision.brightness = .required
    #expect(decision(p, image: image).voxels == [1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0])
    decision.support = 0.5
    #expect(decision(p, image: image).voxels == [1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0])
    decision.brightness = .added
    #expect(decision(p, image: image).voxels == [1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0])
    decision.brightness = .ignored
    decision.lowShare = 0.2
    #expect(decision(p, image: nil).voxels == [1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0])
    decision.support = 0.25
    #expect(decision(p, image: nil).voxels == [1, 1, 1, 1, 0, 1, 1, 1, 1, 0, 0, 0])
  }

  @Test("Depth counts from the skin, not from cavities; where the background was removed it plays no part")
  func depth() throws {
    // A ball of 60 mm with a canal of 8 mm from the face to its middle, in noisy air.
    let shape = VoxelShape(72, 72, 72)
    let grid = VoxelGrid(shape: shape, affine: Affine(spacing: [2, 2, 2]))
    var stream = RandomStream(seed: 3, purpose: "head")
    var image = Volume(grid: grid, voxels: (0..<shape.count).map { _ in stream.uniform(0.01...0.05) })
    for k in 0..<72 {
      for j in 0..<72 {
        for i in 0..<72 {
          let (x, y, z) = (2 * (Double(i) - 35.5), 2 * (Double(j) - 35.5), 2 * (Double(k) - 35.5))
          let isCanal = abs(x) < 4 && abs(z) < 4 && y < 0
          if x * x + y * y + z * z < 3600, !isCanal { image[i, j, k] += 0.5 }
        }
      }
    }
    let probability = Volume<Float>(grid: grid, filledWith: 1)
    var decision = VesselDecision(high: 0.5)
    decision.depth = 10
    let mask = decision(probability, image: image)
    #expect(mask[35, 28, 38] == 1 && mask[38, 35, 35] == 1, "beside the canal")
    #expect(mask[35, 35, 6] == 0 && mask[35, 35, 9] == 0 && mask[35, 35, 13] == 1, "below the skin")
    #expect(mask[1, 1, 1] == 0)
    let removed = image.map { $0 < 0.1 ? 0 : $0 }
    #expect(decision(probability, image: removed).voxels.allSatisfy { $0 == 1 })
  }

  @Test("Otsu's threshold takes the upper class, a constant map uses one half")
  func otsu() {
    let p = volume([0, 0.01, 0.02, 0, 0.01, 0, 0.9, 0.95, 1, 0, 0, 0])
    let decision = VesselDecision(high: nil)
    #expect(decision(p, image: nil).voxels == [0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0])
    #expect(decision.threshold(for: volume([Float](repeating: 0.2, count: 12))) == 0.5)
  }
}

@Suite("Test-time adaptation")
struct TestTimeAdaptationTests {
  @Test(
    "A few steps bring the answer nearer to the proxy, leave other outputs' heads alone, and repeat byte for byte"
  )
  func adapts() throws {
    let angiography = RandomSyntheticAngiography(shape: VoxelShape(32, 32, 32), spacing: [0.6, 0.6, 0.6])
      .draw(seed: 8, index: 1).make()
    let proxy = angiography.label(.all)
    try #require(proxy.voxels.contains(1))
    var design = UNet3D(width: 4, levels: 4, supervision: .pointwise)
    design.outputChannels = 2
    let model = VesselModel(
      design: design, weights: design.network().initialWeights(seed: 2),
      outputs: [.init(.all), .init(.bright)])
    var adaptation = TestTimeAdaptation()
    adaptation.patch = 32
    adaptation.steps = 12
    adaptation.learningRate = 3e-3
    adaptation.precision = .f32
    var losses: [Double] = []
    let adapted = try adaptation(model, channel: 0, volume: angiography.image, proxy: proxy) {
      losses.append($1)
    }
    #expect(losses.count == 12 && losses[11] < losses[0])
    let head = try #require(model.weights.tensor("head1.weight"))
    let changed = try #require(adapted.weights.tensor("head1.weight"))
    let half = head.count / 2
    #expect(Array(head.prefix(half)) != Array(changed.prefix(half)))
    #expect(Array(head.suffix(half)) == Array(changed.suffix(half)))
    let again = try adaptation(model, channel: 0, volume: angiography.image, proxy: proxy)
    let repeats = again.weights.values == adapted.weights.values
    #expect(repeats)
  }
}
