import Foundation
import Imaging
import Numerics
import Testing
import Vessels

@Suite("Sliding windows")
struct SlidingWindowTests {
  static let modes: [SlidingWindow] = [
    .windows(patch: VoxelShape(16, 16, 16), overlap: 0.25),
    .windows(patch: VoxelShape(16, 16, 16), overlap: 0.5, blending: .constant),
    .tiles(patch: VoxelShape(32, 16, 16), halo: 4),
    SlidingWindow(
      patch: VoxelShape(16, 16, 16), stride: VoxelShape(8, 8, 4), blending: .constant, swapsInPlaneAxes: true),
  ]
  /// Larger than a window, primes, smaller than a window, one voxel thick.
  static let shapes = [
    VoxelShape(40, 33, 20), VoxelShape(37, 13, 29), VoxelShape(7, 11, 5), VoxelShape(20, 1, 17),
    VoxelShape(1, 1, 1),
  ]

  private func noise(_ shape: VoxelShape) -> Volume<Float> {
    var stream = RandomStream(seed: 12, purpose: "window test")
    return Volume(
      grid: VoxelGrid(shape: shape, affine: Affine(spacing: [0.5, 0.6, 0.7])),
      voxels: (0..<shape.count).map { _ in stream.uniform() })
  }

  @Test("The identity network gives back the image, a constant one its constant", arguments: modes, shapes)
  func identity(mode: SlidingWindow, shape: VoxelShape) {
    let image = noise(shape)
    let same = mode.run(on: image, batch: 3) { input, output in _ = output.update(from: input) }
    #expect(same.grid == image.grid)
    let error = zip(same.withVoxels(Array.init), image.withVoxels(Array.init)).map { abs($0 - $1) }.max() ?? 1
    #expect(error < 1e-6)
    let constant = mode.run(on: image, batch: 2) { _, output in output.update(repeating: 0.25) }
    #expect(constant.withVoxels { $0.allSatisfy { abs($0 - 0.25) < 1e-6 } })
  }

  @Test("Gaussian weights are MONAI's: not scaled to 1, at least 1e-3") func gaussianWeights() {
    // sliding_window_inference: the product of exp(-x² / 2σ²) over the axes, σ an eighth of the side.
    func weight(_ x: Int, _ y: Int, _ z: Int) -> Double {
      let square = [x, y, z].reduce(0.0) { $0 + (Double($1) - 7.5) * (Double($1) - 7.5) }
      return max(1e-3, exp(-square / 8))
    }
    let shape = VoxelShape(24, 16, 16)
    var window = 0
    let result = SlidingWindow.windows(patch: VoxelShape(16, 16, 16), overlap: 0.5).run(
      on: Volume(
        grid: VoxelGrid(shape: shape, affine: Affine(spacing: [1, 1, 1])),
        voxels: [Float](repeating: 0, count: shape.count)), batch: 1
    ) { _, output in
      output.update(repeating: Float(window))
      window += 1
    }
    var worst = 0.0
    for z in 0..<16 {
      for y in 0..<16 {
        for x in 8..<16 {
          let (first, second) = (weight(x, y, z), weight(x - 8, y, z))
          worst = max(worst, abs(Double(result[x, y, z]) - second / (first + second)))
        }
      }
    }
    #expect(window == 2 && worst < 1e-6, "\(worst)")
  }

  @Test("The result does not depend on the batch", arguments: modes)
  func batch(mode: SlidingWindow) {
    let image = noise(VoxelShape(40, 33, 20))
    // A network that sees where in the window a voxel lies, so that the blending matters.
    func run(_ batch: Int) -> Volume<Float> {
      mode.run(on: image, batch: batch) { input, output in
        for index in input.indices { output[index] = input[index] + Float(index % mode.patch.count) * 1e-4 }
      }
    }
    #expect(run(1) == run(5))
  }

  @Test("Windows lie at the stride, the last shifted inwards; too short an axis is centred")
  func positions() {
    let windows = SlidingWindow.published.windows(over: VoxelShape(480, 640, 163))
    // The windows of one StudyForrest volume: 14 · 19 · 8.
    #expect(windows.count == 2128)
    #expect(Set(windows.map(\.z)) == [0, 16, 32, 48, 64, 80, 96, 99])
    #expect(windows.allSatisfy { $0.x + 64 <= 480 && $0.y + 64 <= 640 })
    #expect(SlidingWindow.published.windows(over: VoxelShape(20, 64, 65)).map(\.x) == [-22, -22])
  }

  @Test("Each window can be divided by its own maximum, an empty one stays empty")
  func patchMaximum() {
    var mode = SlidingWindow.windows(patch: VoxelShape(8, 8, 8), overlap: 0, blending: .constant)
    mode.patchNormalization = .patchMaximum
    var image = Volume<Float>(grid: VoxelGrid(shape: VoxelShape(16, 8, 8)), filledWith: 0)
    image[3, 3, 3] = 5
    let result = mode.run(on: image, batch: 1) { input, output in _ = output.update(from: input) }
    #expect(result[3, 3, 3] == 1)
    #expect(result.withVoxels { $0.reduce(0, +) } == 1)
  }

  @Test("Tiles take each voxel at least a halo away from the tile's border, but for the volume's own faces")
  func halo() {
    let mode = SlidingWindow.tiles(patch: VoxelShape(16, 16, 16), halo: 4)
    let image = noise(VoxelShape(41, 33, 29))
    let distance = mode.run(on: image, batch: 1) { _, output in
      for index in output.indices {
        let place = [index % 16, index / 16 % 16, index / 256]
        output[index] = Float(place.map { min($0, 15 - $0) }.min() ?? 0)
      }
    }
    for k in 4..<25 {
      for j in 4..<29 { for i in 4..<37 { #expect(distance[i, j, k] >= 4) } }
    }
  }
}

@Suite("Patches")
struct PatchTests {
  @Test("A window over the faces repeats the voxels of the faces")
  func padding() {
    let shape = VoxelShape(3, 2, 2)
    let volume = Volume(grid: VoxelGrid(shape: shape), voxels: (0..<12).map(Float.init))
    let patch = PatchWindow(x: -1, y: 0, z: 1, shape: VoxelShape(5, 3, 2)).values(of: volume)
    #expect(Array(patch[0..<5]) == [6, 6, 7, 8, 8])
    #expect(Array(patch[10..<15]) == [9, 9, 10, 11, 11])
    #expect(Array(patch[15..<20]) == [6, 6, 7, 8, 8])
    let outside = PatchWindow(x: 7, y: 0, z: 0, shape: VoxelShape(2, 1, 1)).values(of: volume)
    #expect(outside == [2, 2])
  }

  @Test("Foreground patches hold foreground, uniform ones reach every corner, all lie inside")
  func sampler() {
    let shape = VoxelShape(40, 36, 30)
    var label = Mask(grid: VoxelGrid(shape: shape), filledWith: 0)
    label[38, 1, 17] = 1
    let index = ForegroundIndex(label)
    var stream = RandomStream(seed: 1, purpose: "sampler")
    let sampler = PatchSampler(patch: VoxelShape(16, 16, 16), foregroundFraction: 1)
    for _ in 0..<200 {
      let window = sampler.draw(in: shape, foreground: index, using: &stream)
      #expect(window.values(of: label).contains(1))
      #expect(window.x >= 0 && window.x <= 24 && window.y >= 0 && window.y <= 20 && window.z >= 0)
      #expect(window.z <= 14)
    }
    let uniform = PatchSampler(patch: VoxelShape(16, 16, 16), foregroundFraction: 0)
    let starts = (0..<2000).map { _ in uniform.draw(in: shape, foreground: index, using: &stream).x }
    #expect(Set(starts) == Set(0...24))
    let small = uniform.draw(in: VoxelShape(10, 40, 16), foreground: nil, using: &stream)
    #expect(small.x == -3 && small.z == 0)
  }

  @Test("Normalisation by a percentile ignores what is not finite and survives constant volumes")
  func normalization() {
    let grid = VoxelGrid(shape: VoxelShape(10, 10, 20))
    var volume = Volume(grid: grid, voxels: (0..<2000).map { Float($0) })
    let scaled = IntensityNormalization.percentile(volume)
    #expect(abs(scaled[9, 9, 19] - 1999 / 1997) < 1e-3)
    volume[0, 0, 0] = .nan
    volume[1, 0, 0] = .infinity
    let mended = IntensityNormalization.percentile(volume)
    #expect(mended[0, 0, 0] == 0 && mended[1, 0, 0] == 0 && abs(mended[9, 9, 19] - 1) < 2e-3)
    for normalization in IntensityNormalization.allCases {
      for value in [0, 7, -3] as [Float] {
        let constant = normalization(Volume(grid: grid, filledWith: value))
        #expect(constant.withVoxels { $0.allSatisfy { $0.isFinite } })
      }
    }
    let standard = IntensityNormalization.zScore(Volume(grid: grid, voxels: (0..<2000).map { Float($0 % 7) }))
    let mean = standard.withVoxels { $0.reduce(0.0) { $0 + Double($1) } } / 2000
    let square = standard.withVoxels { $0.reduce(0.0) { $0 + Double($1 * $1) } } / 2000
    #expect(abs(mean) < 1e-5 && abs(square - 1) < 1e-4)
  }
}
