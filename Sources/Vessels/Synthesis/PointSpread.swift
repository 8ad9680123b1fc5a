import Foundation
import Imaging
import Numerics

/// The blur of an imaging system: a Gaussian along each axis, cut at three standard deviations.
package struct PointSpread: Sendable {
  /// What lies beyond a face.
  package enum Border: Sendable {
    /// The image mirrored: no edge appears at a face.
    case mirrored
    /// The opposite side: white noise keeps its variance up to the faces.
    case periodic
  }

  private let taps: [[Float]]
  private let border: Border

  /// A blur of standard deviation `sigma` voxels along x, y and z; 0 leaves an axis alone.
  package init(sigma: SIMD3<Float>, border: Border = .mirrored) {
    self.border = border
    taps = (0..<3).map { axis in
      let sigma = sigma[axis]
      let radius = Int((3 * sigma).rounded(.up))
      let half = (0...radius).map { sigma > 0 ? exp(-Float($0 * $0) / (2 * sigma * sigma)) : 1 }
      let sum = half[0] + 2 * half.dropFirst().reduce(0, +)
      return half.map { $0 / sum }
    }
  }

  /// The root of the sum of squared weights: what the blur leaves of the standard deviation of white noise.
  package var noiseGain: Float {
    taps.reduce(1) { gain, half in
      gain * (half[0] * half[0] + 2 * half.dropFirst().reduce(0) { $0 + $1 * $1 }).squareRoot()
    }
  }

  /// Blur `voxels` of `shape` in place.
  package func apply(to voxels: inout [Float], shape: VoxelShape) {
    if taps.allSatisfy({ $0.count == 1 }) { return }
    let plane = shape.x * shape.y
    var blurred = [Float](unsafeUninitializedCapacity: shape.count) { $1 = shape.count }
    voxels.withUnsafeMutableBufferPointer { input in
      blurred.withUnsafeMutableBufferPointer { output in
        nonisolated(unsafe) let (input, output) = (input.baseAddress!, output.baseAddress!)
        // Along x and y inside each slice, then along z from one buffer to the other.
        SliceLoop.forEach(of: shape) { k in
          let (slice, scratch) = (input + k * plane, output + k * plane)
          for j in 0..<shape.y {
            self.alongRow(slice + j * shape.x, into: scratch + j * shape.x, count: shape.x)
          }
          for j in 0..<shape.y {
            self.across(
              taps[1], scratch, position: j, length: shape.y, stride: shape.x,
              into: slice + j * shape.x, count: shape.x)
          }
        }
        SliceLoop.forEach(of: shape) { k in
          self.across(
            taps[2], input, position: k, length: shape.z, stride: plane, into: output + k * plane,
            count: plane)
        }
      }
    }
    swap(&voxels, &blurred)
  }

  private func alongRow(
    _ row: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, count: Int
  ) {
    let half = taps[0]
    for i in 0..<count {
      var sum = half[0] * row[i]
      for q in 1..<max(1, half.count) {
        sum += half[q] * (row[inside(i - q, count)] + row[inside(i + q, count)])
      }
      output[i] = sum
    }
  }

  /// One row (or slice) of the blur across rows: a weighted sum of whole rows.
  private func across(
    _ half: [Float], _ rows: UnsafePointer<Float>, position: Int, length: Int, stride: Int,
    into output: UnsafeMutablePointer<Float>, count: Int
  ) {
    let centre = rows + position * stride
    for p in 0..<count { output[p] = half[0] * centre[p] }
    for q in 1..<max(1, half.count) {
      let below = rows + inside(position - q, length) * stride
      let above = rows + inside(position + q, length) * stride
      let weight = half[q]
      for p in 0..<count { output[p] += weight * (below[p] + above[p]) }
    }
  }

  /// The voxel of an axis of `count` that stands for `index`, which may lie beyond its ends.
  private func inside(_ index: Int, _ count: Int) -> Int {
    var index = index
    switch border {
    case .mirrored:
      while index < 0 || index >= count { index = index < 0 ? -index - 1 : 2 * count - 1 - index }
    case .periodic:
      index = ((index % count) + count) % count
    }
    return index
  }
}
