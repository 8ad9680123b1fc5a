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

  init(extent: VoxelShape, patch: VoxelShape, stride: VoxelShape, blending: SlidingWindow.Blending) {
    self.extent = extent
    self.blending = blending
    sums = Array(repeating: 0, count: extent.count)
    weights = blending == .crop ? [] : Array(repeating: 0, count: extent.count)
    kernel = blending == .gaussian ? WindowBlend.gaussian(patch) : []
    starts = (0..<3).map { WindowGrid.starts(length: extent[$0], patch: patch[$0], stride: stride[$0]) }
  }

  /// The product of Gaussians of standard deviation side/8 around the window's middle, 1 at the top and 1e-3 at least.
  static func gaussian(_ patch: VoxelShape) -> [Float] {
    func profile(_ side: Int) -> [Float] {
      let (middle, sigma) = (Float(side - 1) / 2, Float(side) / 8)
      let values = (0..<side).map { exp(-0.5 * pow((Float($0) - middle) / sigma, 2)) }
      let top = values.max() ?? 1
      return values.map { $0 / top }
    }
    let (x, y, z) = (profile(patch.x), profile(patch.y), profile(patch.z))
    return z.flatMap { c in y.flatMap { b in x.map { max(1e-3, $0 * b * c) } } }
  }

  /// Add the result of `window`; what lies outside the volume is dropped.
  mutating func add(_ window: PatchWindow, _ values: UnsafeBufferPointer<Float>) {
    let (extent, blending, shape) = (self.extent, self.blending, window.shape)
    let first = [window.x, window.y, window.z]
    let ranges = (0..<3).map { axis -> Range<Int> in
      blending == .crop
        ? ownRange(first[axis], axis: axis, side: window.shape[axis])
        : max(0, first[axis])..<min(extent[axis], first[axis] + window.shape[axis])
    }
    sums.withUnsafeMutableBufferPointer { sums in
      weights.withUnsafeMutableBufferPointer { weights in
        kernel.withUnsafeBufferPointer { kernel in
          for k in ranges[2] {
            for j in ranges[1] {
              let row = extent.index(0, j, k)
              let source = shape.index(-window.x, j - window.y, k - window.z)
              switch blending {
              case .crop:
                for i in ranges[0] { sums[row + i] = values[source + i] }
              case .constant:
                for i in ranges[0] {
                  sums[row + i] += values[source + i]
                  weights[row + i] += 1
                }
              case .gaussian:
                for i in ranges[0] {
                  sums[row + i] += kernel[source + i] * values[source + i]
                  weights[row + i] += kernel[source + i]
                }
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
    return lower..<min(extent[axis], upper)
  }

  /// The weighted means.
  func finished() -> [Float] {
    guard blending != .crop else { return sums }
    return zip(sums, weights).map { $1 > 0 ? $0 / $1 : 0 }
  }
}
