import ImageAnalysis
import Imaging
import Numerics

/// Where a volume holds anything at all, in blocks of 16³ voxels: air is not worth a network's time.
struct SignalMap {
  /// Voxels that a block must have above the threshold; single hot voxels are noise.
  static let voxels = 4
  private static let side = 16
  private let blocks: VoxelShape
  private let isActive: [Bool]
  /// The box around all active blocks, nil where there are none.
  let box: VoxelBox?

  /// The blocks of `volume` with at least ``voxels`` voxels (or all, where it has fewer) of `threshold` or more.
  init(_ volume: Volume<Float>, threshold: Float) {
    let (shape, side) = (volume.shape, SignalMap.side)
    let blocks = VoxelShape(
      (shape.x + side - 1) / side, (shape.y + side - 1) / side, (shape.z + side - 1) / side)
    var counts = [Int32](repeating: 0, count: blocks.count)
    volume.withVoxels { voxels in
      counts.withUnsafeMutableBufferPointer { counts in
        // Each thread has layers of blocks of its own.
        nonisolated(unsafe) let (voxels, counts) = (voxels, counts)
        Parallel.forEachSlab(of: 0..<blocks.z) { layers in
          for k in layers.lowerBound * side..<min(shape.z, layers.upperBound * side) {
            for j in 0..<shape.y {
              let row = shape.index(0, j, k)
              let target = blocks.index(0, j / side, k / side)
              for block in 0..<blocks.x {
                var count: Int32 = 0
                for i in block * side..<min(shape.x, block * side + side) where voxels[row + i] >= threshold {
                  count += 1
                }
                counts[target + block] += count
              }
            }
          }
        }
      }
    }
    let least = Int32(min(SignalMap.voxels, shape.count))
    isActive = counts.map { $0 >= least }
    self.blocks = blocks
    var ends = (0..<3).map { _ in (Int.max, Int.min) }
    for index in isActive.indices where isActive[index] {
      let place = [index % blocks.x, index / blocks.x % blocks.y, index / (blocks.x * blocks.y)]
      for axis in 0..<3 { ends[axis] = (min(ends[axis].0, place[axis]), max(ends[axis].1, place[axis])) }
    }
    let ranges = (0..<3).map { axis -> Range<Int> in
      ends[axis].0 <= ends[axis].1
        ? ends[axis].0 * side..<min(shape[axis], (ends[axis].1 + 1) * side) : 0..<0
    }
    box = ranges[0].isEmpty ? nil : VoxelBox(x: ranges[0], y: ranges[1], z: ranges[2])
  }

  /// Whether an active block meets `window`, whose origin is that of `box`.
  func hasSignal(in window: PatchWindow, of box: VoxelBox) -> Bool {
    let first = [window.x + box.x.lowerBound, window.y + box.y.lowerBound, window.z + box.z.lowerBound]
    let ranges = (0..<3).map { axis -> Range<Int> in
      let low = max(0, first[axis] / SignalMap.side)
      return low..<max(low, min(blocks[axis], (first[axis] + window.shape[axis] - 1) / SignalMap.side + 1))
    }
    for k in ranges[2] {
      for j in ranges[1] { for i in ranges[0] where isActive[blocks.index(i, j, k)] { return true } }
    }
    return false
  }
}
