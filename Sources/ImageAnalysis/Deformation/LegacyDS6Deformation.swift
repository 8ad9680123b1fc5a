import Foundation
import Imaging
import Numerics

/// The deformation that DS6's published code draws, for parity with its weights and numbers only.
///
/// What it does is not what the paper describes (a knot spacing for a count of control points, amplitudes below a
/// voxel, one axis left free): cubic B-spline velocities on knots `knotSpacing` voxels apart, uniform in ±`maximumDisplacement` in units of
/// half the image, the two outer layers of knots zero along z and y but not along x, turned into a
/// diffeomorphism by ten squarings, sampled with zeros outside. The grid has its corners at voxel centres, the
/// sampler has them half a voxel further out, so that even a zero field magnifies the image slightly.
public struct LegacyDS6Deformation: Codable, Sendable, Equatable {
  /// The voxels the warp is made for.
  public let shape: VoxelShape
  /// The distance of neighbouring knots, in voxels.
  public let knotSpacing: Int
  /// Velocities at the knots along x, y and z, half the image being 1; x fastest.
  public let knots: [SIMD3<Float>]

  /// A deformation of `shape` from its knots' velocities, `knotCount` of them along each axis.
  public init(shape: VoxelShape, knotSpacing: Int, knots: [SIMD3<Float>]) {
    self.shape = shape
    self.knotSpacing = knotSpacing
    self.knots = knots
  }

  /// The number of knots along an axis of `length` voxels.
  public static func knotCount(_ length: Int, spacing: Int) -> Int { (length + spacing - 1) / spacing + 2 }

  /// The deformation of one batch: spacing 5, 6 or 7 voxels, displacement 0.01 to 0.03.
  public static func random(shape: VoxelShape, using stream: inout RandomStream) -> LegacyDS6Deformation {
    let spacing = stream.integer(5...7)
    let largest = 0.005 * Float(stream.integer(2...6))
    let lattice = VoxelShape(
      knotCount(shape.x, spacing: spacing), knotCount(shape.y, spacing: spacing),
      knotCount(shape.z, spacing: spacing))
    var knots = [SIMD3<Float>](repeating: .zero, count: lattice.count)
    for c in 0..<lattice.z {
      for b in 0..<lattice.y {
        for a in 0..<lattice.x {
          let drawn = SIMD3(
            stream.uniform(-largest...largest), stream.uniform(-largest...largest),
            stream.uniform(-largest...largest))
          let isLocked = b < 2 || b >= lattice.y - 2 || c < 2 || c >= lattice.z - 2
          knots[lattice.index(a, b, c)] = isLocked ? .zero : drawn
        }
      }
    }
    return LegacyDS6Deformation(shape: shape, knotSpacing: spacing, knots: knots)
  }

  /// The warp, with the sampler's half-voxel mismatch and zeros outside.
  public func warp() -> LinearWarp {
    LegacyDS6Deformation.warp(displacement())
  }

  /// The displacement after ten squarings, in units of half the image.
  public func displacement() -> DisplacementField {
    var field = velocity().map { $0.map { $0 / 1024 } }
    for _ in 0..<10 {
      let warp = LegacyDS6Deformation.warp(field)
      field = DisplacementField(
        shape: shape, x: sum(field.x, warp(field.x)), y: sum(field.y, warp(field.y)),
        z: sum(field.z, warp(field.z)))
    }
    return field
  }

  private func sum(_ a: [Float], _ b: [Float]) -> [Float] { zip(a, b).map { $0 + $1 } }

  private static func warp(_ field: DisplacementField) -> LinearWarp {
    let shape = field.shape
    func coordinate(_ index: Int, _ displacement: Float, _ length: Int) -> Float {
      let normalized = -1 + 2 * Float(index) / Float(max(1, length - 1)) + displacement
      return ((normalized + 1) * Float(length) - 1) / 2
    }
    return LinearWarp(shape: shape, padding: .zero) { voxel, i, j, k in
      [
        coordinate(i, field.x[voxel], shape.x), coordinate(j, field.y[voxel], shape.y),
        coordinate(k, field.z[voxel], shape.z),
      ]
    }
  }

  /// The dense velocity: a transposed convolution of the knots with the cubic B-spline, cropped to the image.
  func velocity() -> DisplacementField {
    let weights = (0..<3).map { LegacyKnotWeights(length: shape[$0], spacing: knotSpacing) }
    let lattice = VoxelShape(weights[0].knots, weights[1].knots, weights[2].knots)
    var components = [[Float]](repeating: [Float](repeating: 0, count: shape.count), count: 3)
    for k in 0..<shape.z {
      for j in 0..<shape.y {
        for i in 0..<shape.x {
          var sum = SIMD3<Float>.zero
          for (c, wc) in weights[2].terms[k] {
            for (b, wb) in weights[1].terms[j] {
              for (a, wa) in weights[0].terms[i] {
                sum += (wa * wb * wc) * knots[lattice.index(a, b, c)]
              }
            }
          }
          for component in 0..<3 { components[component][shape.index(i, j, k)] = sum[component] }
        }
      }
    }
    return DisplacementField(shape: shape, x: components[0], y: components[1], z: components[2])
  }
}

/// The knots that reach each voxel of an axis, and their weights.
private struct LegacyKnotWeights {
  let knots: Int
  let terms: [[(Int, Float)]]

  init(length: Int, spacing: Int) {
    let inner = (length + spacing - 1) / spacing
    knots = inner + 2
    // The knots' span, centred on the image; where the difference is odd the start takes the odd voxel.
    let difference = spacing * inner - (spacing - 1) - length
    let half = abs(difference) / 2 + abs(difference) % 2
    let start = spacing + (difference < 0 ? -half : half)
    // The cubic B-spline as a box of the knot spacing convolved with itself three times.
    var kernel = [Float](repeating: 1, count: spacing)
    for _ in 0..<3 {
      var next = [Float](repeating: 0, count: kernel.count + spacing - 1)
      for (index, value) in kernel.enumerated() {
        for step in 0..<spacing { next[index + step] += value / Float(spacing) }
      }
      kernel = next
    }
    let reach = (kernel.count - 1) / 2
    let count = knots
    terms = (0..<length).map { voxel in
      (0..<count).compactMap { knot in
        let offset = voxel + start - knot * spacing + reach
        return kernel.indices.contains(offset) ? (knot, kernel[offset]) : nil
      }
    }
  }
}
