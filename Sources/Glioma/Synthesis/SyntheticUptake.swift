import Imaging
import Numerics

/// A FET-PET-like image of a grown tumour: noisy uptake in oedema and enhancing core, seen every 4 mm: a quarter of the
/// resolution of the published atlas of 1 mm.
///
/// The noise is the published generator's Gibbs field: uniform noise, then three raster sweeps in which each voxel is
/// drawn anew around the mean of its neighbourhood. Its mean of one half, which the published program adds to the density
/// and so to every threshold, is taken off except in the published scheme; its generator is unseeded, so its images
/// cannot be reproduced number for number.
package struct SyntheticUptake {
  /// Standard deviation of a voxel around the mean of its neighbourhood.
  static let deviation: Float = 0.005
  /// Sweeps.
  static let sweeps = 3

  private let tumor: SyntheticGlioma
  private let hasOffset: Bool

  init(_ tumor: SyntheticGlioma, scheme: DiffusionScheme) {
    self.tumor = tumor
    hasOffset = scheme != .correct
  }

  /// Uptake of 0…1, zero where there is no tissue.
  func image(of density: Volume<Float>, tissue: Tissue, seed: UInt64) -> Volume<Float> {
    let shape = density.shape
    var noise = SyntheticUptake.gibbsField(shape, seed: seed)
    if !hasOffset {
      let mean = Float(noise.reduce(0.0) { $0 + Double($1) } / Double(noise.count))
      for cell in noise.indices { noise[cell] -= mean }
    }
    for cell in noise.indices { noise[cell] += density.voxels[cell] }
    let largest = max(noise.max() ?? 1, .leastNormalMagnitude)
    let spacing = density.grid.spacing
    func step(_ axis: Int) -> Int { max(1, Int((4 / spacing[axis]).rounded())) }
    let (dx, dy, dz) = (step(0), step(1), step(2))
    let coarse = VoxelShape((shape.x - 1) / dx + 1, (shape.y - 1) / dy + 1, (shape.z - 1) / dz + 1)
    var samples: [Float] = []
    samples.reserveCapacity(coarse.count)
    forEachCell(coarse) { _, p in
      let noisy = noise[shape.index(dx * p.x, dy * p.y, dz * p.z)] / largest
      let isShown = Double(noisy) >= tumor.lowerThreshold && Double(noisy) < tumor.necroticThreshold
      samples.append(isShown ? 0.75 * noisy : 0)
    }
    var restored = EndPointZoom.linear(samples, coarse, to: shape)
    let mean = Float(restored.reduce(0.0) { $0 + Double($1) } / Double(restored.count))
    for cell in restored.indices { restored[cell] = max(restored[cell] - 0.9 * mean, 0) }
    let brightest = restored.max() ?? 0
    for cell in restored.indices {
      restored[cell] = tissue.isMatter(cell) && brightest > 0 ? restored[cell] / brightest : 0
    }
    return Volume(grid: density.grid, voxels: restored)
  }

  /// Uniform noise of 0…1 after raster sweeps of v ← Normal(mean of the 3×3×3 block with v, deviation).
  package static func gibbsField(_ shape: VoxelShape, seed: UInt64) -> [Float] {
    var random = RandomStream(seed: seed, purpose: "synthetic-pet")
    var field = (0..<shape.count).map { _ in random.uniform() }

    field.withUnsafeMutableBufferPointer { field in
      for _ in 0..<sweeps {
        for k in 0..<shape.z {
          for j in 0..<shape.y {
            for i in 0..<shape.x {
              var (sum, count): (Float, Float) = (0, 0)
              for z in max(k - 1, 0)...min(k + 1, shape.z - 1) {
                for y in max(j - 1, 0)...min(j + 1, shape.y - 1) {
                  let row = shape.index(0, y, z)
                  for x in max(i - 1, 0)...min(i + 1, shape.x - 1) {
                    sum += field[row + x]
                    count += 1
                  }
                }
              }
              field[shape.index(i, j, k)] = sum / count + deviation * random.normal()
            }
          }
        }
      }
    }
    return Array(field)
  }
}
