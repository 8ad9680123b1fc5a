import ImageAnalysis
import Imaging
import Numerics
import Testing

@Suite("Cubic B-spline fields")
struct CubicBSplineFieldTests {
  private func dense(_ field: CubicBSplineField) -> [Float] {
    var values = [Float](repeating: 0, count: field.shape.count)
    values.withUnsafeMutableBufferPointer { buffer in
      for k in 0..<field.shape.z {
        field.evaluate(slice: k, into: buffer.baseAddress! + k * field.shape.x * field.shape.y)
      }
    }
    return values
  }

  @Test("Coefficients linear in position give that linear function")
  func linear() {
    let (shape, intervals) = (VoxelShape(37, 20, 11), VoxelShape(5, 3, 2))
    let lattice = CubicBSplineField.latticeShape(intervals: intervals)
    var coefficients = [Float]()
    for c in 0..<lattice.z {
      for b in 0..<lattice.y {
        for a in 0..<lattice.x {
          let x = Float(a - 1) * 36 / 5
          let y = Float(b - 1) * 19 / 3
          let z = Float(c - 1) * 10 / 2
          coefficients.append(2 + 0.5 * x - 0.25 * y + 0.75 * z)
        }
      }
    }
    let values = dense(CubicBSplineField(shape: shape, intervals: intervals, coefficients: coefficients))
    for k in 0..<11 {
      for j in 0..<20 {
        for i in 0..<37 {
          let expected = 2 + 0.5 * Float(i) - 0.25 * Float(j) + 0.75 * Float(k)
          #expect(abs(values[shape.index(i, j, k)] - expected) < 1e-4)
        }
      }
    }
  }

  @Test("One coefficient gives the tensor product of cubic B-splines, 8/27 at its knot")
  func bump() {
    let (shape, intervals) = (VoxelShape(17, 17, 17), VoxelShape(4, 4, 4))
    let lattice = CubicBSplineField.latticeShape(intervals: intervals)
    var coefficients = [Float](repeating: 0, count: lattice.count)
    coefficients[lattice.index(3, 3, 3)] = 1
    let values = dense(CubicBSplineField(shape: shape, intervals: intervals, coefficients: coefficients))
    #expect(abs(values[shape.index(8, 8, 8)] - 8.0 / 27) < 1e-6)
    #expect(abs(values[shape.index(12, 8, 8)] - 4.0 / 9 / 6) < 1e-6)
    #expect(values[shape.index(16, 8, 8)] == 0 && values[shape.index(0, 8, 8)] == 0)
  }

  @Test("A single voxel and a single slice are allowed")
  func degenerate() {
    let intervals = VoxelShape(1, 1, 1)
    let field = CubicBSplineField(
      shape: VoxelShape(1, 5, 1), intervals: intervals, coefficients: Array(repeating: 2, count: 64))
    #expect(dense(field).allSatisfy { abs($0 - 2) < 1e-6 })
  }
}
