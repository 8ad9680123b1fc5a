import Imaging

/// A smooth scalar function on a voxel grid: cubic B-splines whose coefficients sit on a coarser lattice.
///
/// Along an axis of `n` voxels cut into `m` intervals there are `m + 3` coefficients; coefficient `c` sits at voxel
/// coordinate `(c − 1)(n − 1)/m`, so the first and the last voxel lie on knots. The splines are a partition of unity:
/// equal coefficients give that constant, and no value exceeds the largest coefficient.
///
/// The lattice is expanded along x and y when the field is made; slices along z are evaluated on demand, so that a
/// pass over a volume never holds the dense field.
public struct CubicBSplineField: Sendable {
  /// The voxels the field is evaluated on.
  public let shape: VoxelShape
  /// One plane of `shape.x · shape.y` values for each lattice layer along z.
  private let planes: [Float]
  private let slices: AxisWeights

  /// The number of coefficients along each axis for `intervals` intervals.
  public static func latticeShape(intervals: VoxelShape) -> VoxelShape {
    VoxelShape(intervals.x + 3, intervals.y + 3, intervals.z + 3)
  }

  /// The field of `coefficients` (lattice order, x fastest, `latticeShape(intervals:)` of them).
  public init(shape: VoxelShape, intervals: VoxelShape, coefficients: [Float]) {
    let lattice = CubicBSplineField.latticeShape(intervals: intervals)
    precondition(
      coefficients.count == lattice.count, "a lattice of \(lattice) needs \(lattice.count) coefficients")
    self.shape = shape
    slices = AxisWeights(voxels: shape.z, intervals: intervals.z)
    let rows = AxisWeights(voxels: shape.x, intervals: intervals.x)
    let columns = AxisWeights(voxels: shape.y, intervals: intervals.y)
    let alongX = CubicBSplineField.expandedRows(coefficients, lattice: lattice, weights: rows)
    planes = CubicBSplineField.expandedColumns(
      alongX, width: shape.x, lattice: lattice, weights: columns)
  }

  /// Write the field's slice `k`, `shape.x · shape.y` values, to `output`.
  public func evaluate(slice k: Int, into output: UnsafeMutablePointer<Float>) {
    let count = shape.x * shape.y
    let weight = slices.weights[k]
    planes.withUnsafeBufferPointer { planes in
      combine(
        planes.baseAddress! + slices.first[k] * count, stride: count, weight, into: output, count: count)
    }
  }

  private static func expandedRows(
    _ coefficients: [Float], lattice: VoxelShape, weights: AxisWeights
  ) -> [Float] {
    var result = [Float](repeating: 0, count: weights.first.count * lattice.y * lattice.z)
    let width = weights.first.count
    coefficients.withUnsafeBufferPointer { input in
      for row in 0..<lattice.y * lattice.z {
        let source = input.baseAddress! + row * lattice.x
        for i in 0..<width {
          let four = UnsafeRawPointer(source + weights.first[i]).loadUnaligned(as: SIMD4<Float>.self)
          result[row * width + i] = (four * weights.weights[i]).sum()
        }
      }
    }
    return result
  }

  private static func expandedColumns(
    _ rows: [Float], width: Int, lattice: VoxelShape, weights: AxisWeights
  ) -> [Float] {
    let height = weights.first.count
    return [Float](unsafeUninitializedCapacity: width * height * lattice.z) { output, initialized in
      rows.withUnsafeBufferPointer { rows in
        for layer in 0..<lattice.z {
          for j in 0..<height {
            combine(
              rows.baseAddress! + (layer * lattice.y + weights.first[j]) * width, stride: width,
              weights.weights[j], into: output.baseAddress! + (layer * height + j) * width, count: width)
          }
        }
      }
      initialized = width * height * lattice.z
    }
  }
}

/// `output[p] = Σ weight[q] · input[p + q · stride]` over four rows.
private func combine(
  _ input: UnsafePointer<Float>, stride: Int, _ weight: SIMD4<Float>,
  into output: UnsafeMutablePointer<Float>, count: Int
) {
  let (a, b, c, d) = (input, input + stride, input + 2 * stride, input + 3 * stride)
  let (wa, wb) = (SIMD16(repeating: weight[0]), SIMD16(repeating: weight[1]))
  let (wc, wd) = (SIMD16(repeating: weight[2]), SIMD16(repeating: weight[3]))
  var p = 0
  while p + 16 <= count {
    let sum = (load16(a + p) * wa).addingProduct(load16(b + p), wb)
      .addingProduct(load16(c + p), wc).addingProduct(load16(d + p), wd)
    UnsafeMutableRawPointer(output + p).storeBytes(of: sum, as: SIMD16<Float>.self)
    p += 16
  }
  while p < count {
    let sum = (a[p] * weight[0]).addingProduct(b[p], weight[1])
    output[p] = sum.addingProduct(c[p], weight[2]).addingProduct(d[p], weight[3])
    p += 1
  }
}

private func load16(_ pointer: UnsafePointer<Float>) -> SIMD16<Float> {
  UnsafeRawPointer(pointer).loadUnaligned(as: SIMD16<Float>.self)
}

/// For each voxel of an axis the first of its four coefficients and their weights.
struct AxisWeights: Sendable {
  let first: [Int]
  let weights: [SIMD4<Float>]

  init(voxels: Int, intervals: Int) {
    let scale = voxels > 1 ? Double(intervals) / Double(voxels - 1) : 0
    var (first, weights) = ([Int](), [SIMD4<Float>]())
    for voxel in 0..<voxels {
      let position = Double(voxel) * scale
      let interval = min(Int(position), intervals - 1)
      first.append(interval)
      weights.append(AxisWeights.cubicBSpline(at: position - Double(interval)))
    }
    self.first = first
    self.weights = weights
  }

  /// The four cubic B-splines that are not zero at `t` in [0, 1] of an interval.
  static func cubicBSpline(at t: Double) -> SIMD4<Float> {
    let s = 1 - t
    return [
      Float(s * s * s / 6), Float((3 * t * t * t - 6 * t * t + 4) / 6),
      Float((3 * s * s * s - 6 * s * s + 4) / 6), Float(t * t * t / 6),
    ]
  }
}
