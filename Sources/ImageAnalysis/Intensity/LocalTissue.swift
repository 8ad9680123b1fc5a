import Imaging
import Numerics

/// What surrounds a voxel: the voxels within ``reach`` of it along each axis, at least ``distance`` away from a mask.
///
/// Contrast to it tells whether something stands out where it lies, whatever the field of the coil or the scale of the
/// image.
public struct LocalTissue: Sendable {
  /// Voxels along each axis.
  public static let reach = 5
  /// Voxels nearer to the mask than this belong to neither.
  public static let distance = 2
  private static let fewest = 30

  private let outside: [UInt8]
  private let shape: VoxelShape

  /// The tissue around `mask`.
  public init(around mask: Mask) {
    outside = mask.dilated(by: .box(radius: LocalTissue.distance)).voxels
    shape = mask.shape
  }

  /// Whether a voxel is tissue.
  public func contains(_ index: Int) -> Bool { outside[index] == 0 }

  /// (value − mean) / standard deviation of the tissue around voxel `place`; nil where fewer than 30 voxels of it are
  /// there, or they are all equal.
  /// - Parameters:
  ///   - value: What stands there.
  ///   - image: The voxels of an image on the mask's grid.
  public func contrast(of value: Double, at place: Int, in image: UnsafeBufferPointer<Float>) -> Double? {
    let center = [place % shape.x, place / shape.x % shape.y, place / (shape.x * shape.y)]
    func range(_ axis: Int) -> ClosedRange<Int> {
      max(0, center[axis] - LocalTissue.reach)...min(shape[axis] - 1, center[axis] + LocalTissue.reach)
    }
    var (count, sum, squares) = (0, 0.0, 0.0)
    for k in range(2) {
      for j in range(1) {
        for i in range(0) {
          let index = shape.index(i, j, k)
          guard outside[index] == 0 else { continue }
          let value = Double(image[index])
          count += 1
          sum += value
          squares += value * value
        }
      }
    }
    guard count >= LocalTissue.fewest else { return nil }
    let mean = sum / Double(count)
    let deviation = max(0, squares / Double(count) - mean * mean).squareRoot()
    return deviation > 0 ? (value - mean) / deviation : nil
  }
}
