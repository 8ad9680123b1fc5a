import Foundation
import Imaging
import Numerics

/// Adds up the results of windows, each with its weight, into a volume.
struct WindowBlend {
  private let extent: VoxelShape
  private let blending: SlidingWindow.Blending
  private let kernel: [Float]
  private let starts: [[Int]]
  private var sums: [Float]
  private var weights: [Float]

  /// Nothing added yet; `starts` are the first voxels of the windows along each axis.
  init(extent: VoxelShape, patch: VoxelShape, blending: SlidingWindow.Blending, starts: [[Int]]) {
    self.extent = extent
    self.blending = blending
    self.starts = starts
    sums = Array(repeating: 0, count: extent.count)
    weights = blending == .crop ? [] : Array(repeating: 0, count: extent.count)
    switch blending {
    case .gaussian: kernel = WindowBlend.gaussian(patch)
    case .constant: kernel = Array(repeating: 1, count: patch.count)
    case .crop: kernel = []
    }
  }

  /// The product of Gaussians of standard deviation side/8 around the window's middle, 1e-3 at least: to the bit of rounding
  /// MONAI's, whose largest value lies between two voxels where the side is even and is not scaled to 1.
  static func gaussian(_ patch: VoxelShape) -> [Float] {
    func profile(_ side: Int) -> [Float] {
      let (middle, sigma) = (Float(side - 1) / 2, Float(side) / 8)
      return (0..<side).map { exp(-0.5 * pow((Float($0) - middle) / sigma, 2)) }
    }
    let (x, y, z) = (profile(patch.x), profile(patch.y), profile(patch.z))
    return z.flatMap { c in y.flatMap { b in x.map { max(1e-3, $0 * b * c) } } }
  }

  /// Add the result of `window`; what lies outside the volume is dropped.
  mutating func add(_ window: PatchWindow, _ values: UnsafeBufferPointer<Float>) {
    add(window, values.baseAddress)
  }

  /// Add zeros for `window`.
  mutating func addNothing(_ window: PatchWindow) { add(window, nil) }

  private mutating func add(_ window: PatchWindow, _ values: UnsafePointer<Float>?) {
    let (extent, isCrop, shape) = (extent, blending == .crop, window.shape)
    let first = [window.x, window.y, window.z]
    let ranges = (0..<3).map { axis -> Range<Int> in
      isCrop
        ? ownRange(first[axis], axis: axis, side: shape[axis])
        : max(0, first[axis])..<min(extent[axis], first[axis] + shape[axis])
    }
    guard ranges.allSatisfy({ !$0.isEmpty }) else { return }
    let count = ranges[0].count
    sums.withUnsafeMutableBufferPointer { sums in
      weights.withUnsafeMutableBufferPointer { weights in
        kernel.withUnsafeBufferPointer { kernel in
          // Each thread adds to slices of its own.
          nonisolated(unsafe) let (sums, weights, kernel, values) = (
            sums.baseAddress!, weights.baseAddress!, kernel.baseAddress!, values
          )
          Parallel.forEachSlab(of: ranges[2]) { slices in
            for k in slices {
              for j in ranges[1] {
                let row = extent.index(ranges[0].lowerBound, j, k)
                let source = shape.index(ranges[0].lowerBound - window.x, j - window.y, k - window.z)
                if isCrop {
                  if let values { (sums + row).update(from: values + source, count: count) }
                  continue
                }
                let (weight, factor) = (weights + row, kernel + source)
                for i in 0..<count { weight[i] += factor[i] }
                guard let values = values.map({ $0 + source }) else { continue }
                let sum = sums + row
                for i in 0..<count { sum[i] += factor[i] * values[i] }
              }
            }
          }
        }
      }
    }
  }

  /// The voxels along `axis` that belong to the window starting at `first`: up to the middle of each overlap.
  private func ownRange(_ first: Int, axis: Int, side: Int) -> Range<Int> {
    let starts = starts[axis]
    guard let index = starts.firstIndex(of: first) else { return 0..<0 }
    let lower = index == 0 ? 0 : (first + starts[index - 1] + side + 1) / 2
    let upper = index == starts.count - 1 ? extent[axis] : (starts[index + 1] + first + side + 1) / 2
    return max(0, lower)..<max(0, lower, min(extent[axis], upper))
  }

  /// The weighted means.
  consuming func finished() -> [Float] {
    guard blending != .crop else { return sums }
    weights.withUnsafeBufferPointer { weights in
      sums.withUnsafeMutableBufferPointer { sums in
        // Each thread divides voxels of its own.
        nonisolated(unsafe) let (sums, weights) = (sums, weights)
        Parallel.forEachSlab(of: sums.indices) { slab in
          for index in slab { sums[index] = weights[index] > 0 ? sums[index] / weights[index] : 0 }
        }
      }
    }
    return sums
  }
}
