import Foundation
import Imaging
import Numerics

extension Acquisition {
  /// Turn blurred brightness into the scanner's numbers: motion, Rician noise, clipping, display curve, rounding.
  package func scan(_ image: inout [Float], shape: VoxelShape, seed: UInt64) {
    if let ghost { add(ghost, to: &image, shape: shape) }
    addNoise(to: &image, shape: shape, seed: seed)
    let brightest = isClipped ? 1 : max(1e-6, image.max() ?? 1)
    let (gamma, levels) = (gamma, Float(255))
    let plane = shape.x * shape.y
    image.withUnsafeMutableBufferPointer { voxels in
      // Each slice is written by one thread only.
      nonisolated(unsafe) let voxels = voxels.baseAddress!
      SliceLoop.forEach(of: shape) { k in
        for p in k * plane..<(k + 1) * plane {
          var value = min(1, max(0, voxels[p] / brightest))
          if gamma != 1 { value = pow(value, gamma) }
          if isEightBit { value = (value * levels).rounded() / levels }
          voxels[p] = value * brightest
        }
      }
    }
  }

  /// Rician noise: the magnitude of the signal with normal noise in both channels (Gudbjartsson and Patz, 1995).
  private func addNoise(to image: inout [Float], shape: VoxelShape, seed: UInt64) {
    var real = normalNoise(shape, seed: seed, channel: 0)
    var imaginary = normalNoise(shape, seed: seed, channel: 1)
    var amplitude = noise
    if noiseCorrelation > 0 {
      let blur = PointSpread(sigma: .init(repeating: noiseCorrelation), border: .periodic)
      blur.apply(to: &real, shape: shape)
      blur.apply(to: &imaginary, shape: shape)
      amplitude /= blur.noiseGain
    }
    let plane = shape.x * shape.y
    image.withUnsafeMutableBufferPointer { image in
      real.withUnsafeBufferPointer { real in
        imaginary.withUnsafeBufferPointer { imaginary in
          // Each slice is written by one thread only.
          nonisolated(unsafe) let image = image.baseAddress!
          nonisolated(unsafe) let (real, imaginary) = (real.baseAddress!, imaginary.baseAddress!)
          let amplitude = amplitude
          SliceLoop.forEach(of: shape) { k in
            for p in k * plane..<(k + 1) * plane {
              let (a, b) = (image[p] + amplitude * real[p], amplitude * imaginary[p])
              image[p] = (a * a + b * b).squareRoot()
            }
          }
        }
      }
    }
  }

  private func normalNoise(_ shape: VoxelShape, seed: UInt64, channel: Int) -> [Float] {
    let plane = shape.x * shape.y
    return [Float](unsafeUninitializedCapacity: shape.count) { output, initialized in
      nonisolated(unsafe) let output = output.baseAddress!
      SliceLoop.forEach(of: shape) { k in
        var stream = RandomStream(seed: seed, purpose: "noise", indices: channel, k)
        NormalQuantiles.shared.fill(output + k * plane, count: plane, using: &stream)
      }
      initialized = shape.count
    }
  }

  private func add(_ ghost: Ghost, to image: inout [Float], shape: VoxelShape) {
    let original = image
    let length = shape[ghost.axis]
    for k in 0..<shape.z {
      for j in 0..<shape.y {
        for i in 0..<shape.x {
          var from = [i, j, k]
          from[ghost.axis] = (from[ghost.axis] + ghost.shift + length) % length
          image[shape.index(i, j, k)] += ghost.amplitude * original[shape.index(from[0], from[1], from[2])]
        }
      }
    }
  }
}

/// The factor by which each slice of a multi-slab acquisition differs.
struct SlabProfile: Sendable {
  private let axis: Int
  private let factors: [Float]

  init(_ slabs: Acquisition.Slabs, length: Int, seed: UInt64) {
    axis = slabs.axis
    factors = (0..<length).map { position in
      let place = (Float(position) + slabs.offset) / slabs.period
      let slab = place.rounded(.down)
      var stream = RandomStream(seed: seed, purpose: "slab", indices: Int(slab))
      // Blood loses signal on its way through a slab, and no two slabs are alike.
      let ramp = 0.5 - (place - slab)
      return 1 + slabs.step * (0.7 * ramp + stream.uniform(-0.5...0.5))
    }
  }

  /// The factor at voxel (i, j, k).
  func factor(_ i: Int, _ j: Int, _ k: Int) -> Float { factors[axis == 0 ? i : axis == 1 ? j : k] }
}
