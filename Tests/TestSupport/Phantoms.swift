import Foundation
import Imaging
import Numerics

/// Volumes made by formula, the same in Swift and in Python (ImageAnalysisTests/Golden/arrays.py).
public enum Phantom {
  /// The volume whose voxel (i, j, k) is `value(i, j, k)`.
  public static func volume<Scalar>(
    _ shape: VoxelShape, affine: Affine = .identity, _ value: (Int, Int, Int) -> Scalar
  ) -> Volume<Scalar> {
    var voxels: [Scalar] = []
    voxels.reserveCapacity(shape.count)
    for k in 0..<shape.z { for j in 0..<shape.y { for i in 0..<shape.x { voxels.append(value(i, j, k)) } } }
    return Volume(grid: VoxelGrid(shape: shape, affine: affine), voxels: voxels)
  }

  /// A smooth image with structure along every axis.
  public static func wave(_ shape: VoxelShape, affine: Affine = .identity) -> Volume<Float> {
    volume(shape, affine: affine) { i, j, k in
      let (x, y, z) = (Double(i), Double(j), Double(k))
      let pattern = 0.1 * Double((7 * i + 5 * j + 3 * k) % 11)
      return Float(sin(0.7 * x + 0.3 * y) + cos(0.5 * y - 0.4 * z) + pattern)
    }
  }

  /// Whole numbers 0 to 255 without order.
  public static func noise(_ shape: VoxelShape, salt: Int) -> Volume<UInt8> {
    volume(shape) { i, j, k in
      var h = UInt32(
        truncatingIfNeeded: i * 73_856_093 ^ j * 19_349_663 ^ k * 83_492_791 ^ salt * 2_654_435_761)
      for _ in 0..<2 { h = (h ^ (h >> 16)) &* 0x45D_9F3B }
      return UInt8(truncatingIfNeeded: h ^ (h >> 16))
    }
  }

  /// A ring, a ball and a curved tube that touches it, in a cube of n voxels.
  public static func tubes(_ n: Int, shift: Double, spacing: SIMD3<Double> = .one) -> Mask {
    volume(VoxelShape(n, n, n), affine: Affine(spacing: spacing)) { i, j, k in
      let (x, y, z, n) = (Double(i), Double(j), Double(k), Double(n))
      func square(_ v: Double) -> Double { v * v }
      let c = n / 2
      let ring =
        square(hypot(x - c, y - c) - 0.3 * n) + square(z - 0.3 * n) <= square(0.07 * n)
      let ball =
        square(x - 0.7 * n) + square(y - 0.3 * n) + square(z - 0.75 * n) <= square(0.11 * n)
      let bent = 0.5 * n + shift + 0.15 * n * sin(x * 6 / n)
      let tube = square(y - bent) + square(z - 0.75 * n) <= square(0.05 * n + 0.03 * x)
      return ring || ball || tube ? 1 : 0
    }
  }

  /// A mask of random voxels, each set with probability `density`.
  public static func speckle(
    _ shape: VoxelShape, density: Float, seed: UInt64, spacing: SIMD3<Double> = .one
  ) -> Mask {
    var stream = RandomStream(seed: seed, purpose: "speckle")
    return volume(shape, affine: Affine(spacing: spacing)) { _, _, _ in stream.chance(density) ? 1 : 0 }
  }
}

/// The numbers that a Python script wrote to `Golden/NAME` beside the calling test.
public func goldenValues<Value: Decodable>(
  _ name: String, as type: Value.Type = Value.self, file: String = #filePath
) throws -> Value {
  let folder = URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Golden")
  return try JSONDecoder().decode(type, from: Data(contentsOf: folder.appendingPathComponent(name)))
}
