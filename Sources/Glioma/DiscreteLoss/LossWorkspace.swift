import Imaging

/// What a block keeps of the slices around the current one. Cells are addressed by their index in the whole slice; only
/// those of the block's planes exist.
final class LossWorkspace: @unchecked Sendable {
  // Unchecked because it belongs to one thread during a pass.

  /// Planes a block may have, those of its neighbours included.
  let height: Int
  private let fields: SpaceTimeField
  private let scratch: SpaceTimeField
  private let plane: Int
  private var offset = 0

  init(_ shape: VoxelShape, height: Int) {
    self.height = height
    plane = shape.x * shape.y
    // Kernels work in steps of 16 cells and may write up to 15 beyond the last plane.
    let spare = 15 / plane + 1
    fields = SpaceTimeField(slices: 6, shape: VoxelShape(shape.x, shape.y, height + spare))
    scratch = SpaceTimeField(slices: 2, shape: VoxelShape(shape.x, shape.y, 1 + spare))
  }

  /// Everything to zero: what lies beyond the box is multiplied by zero and must be finite.
  func clear() { fields.clear() }

  /// Hold the planes from `first` on.
  func begin(at first: Int) { offset = first * plane }

  /// The density u_k of this slice or the one before.
  func density(_ k: Int) -> UnsafeMutablePointer<Float> { fields[k & 1] - offset }
  /// g_k = ½(Lu_k + ρφ(u_k)) of this slice, or of the one before where that is still to come.
  var half: UnsafeMutablePointer<Float> { fields[2] - offset }
  /// s = r_k + r_{k+1}.
  var sum: UnsafeMutablePointer<Float> { fields[3] - offset }
  /// The residual r_k of this slice or the one before.
  func residual(_ k: Int) -> UnsafeMutablePointer<Float> { fields[4 + (k & 1)] - offset }
  /// A stencil's result on plane z, the only one there is.
  func image(_ z: Int) -> UnsafeMutablePointer<Float> { scratch[0] - z * plane }
  /// The gradient on plane z, the only one there is.
  func gradient(_ z: Int) -> UnsafeMutablePointer<Float> { scratch[1] - z * plane }
}
