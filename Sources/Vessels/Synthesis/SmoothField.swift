import ImageAnalysis
import Imaging
import Numerics

extension CubicBSplineField {
  /// A random field of mean 0 and variance 1 whose waves are about `size` voxels long.
  package static func random(shape: VoxelShape, size: Float, using stream: inout RandomStream)
    -> CubicBSplineField
  {
    func intervals(_ length: Int) -> Int { max(1, Int((Float(length - 1) / max(1.5, size)).rounded(.up))) }
    let intervals = VoxelShape(intervals(shape.x), intervals(shape.y), intervals(shape.z))
    let count = CubicBSplineField.latticeShape(intervals: intervals).count
    // The mean over a cell of the sum of squared cubic B-splines is 151/315 on each axis.
    let scale = 1 / (151.0 / 315 * (151.0 / 315) * (151.0 / 315)).squareRoot()
    var coefficients = [Float](repeating: 0, count: count)
    coefficients.withUnsafeMutableBufferPointer {
      NormalQuantiles.shared.fill($0.baseAddress!, count: count, using: &stream)
    }
    return CubicBSplineField(
      shape: shape, intervals: intervals, coefficients: coefficients.map { $0 * Float(scale) })
  }
}
