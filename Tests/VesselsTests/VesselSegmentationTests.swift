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
