import Imaging

/// A field that is stepped while it is read: planes change where they lie, except for those that other threads may still
/// read, which have two places and alternate.
struct AlternatingPlanes: Sendable {
  let field: SpaceTimeField
  private let twin: SpaceTimeField
  /// The plane of `twin` for each plane of the field; nil where it has one place only.
  private let slots: [Int?]
  private let plane: Int
  /// Shared planes are in `twin` now.
  private var turned = false

  /// Take over `field`, of which the planes `shared` are read by several threads.
  init(_ field: SpaceTimeField, shared: [Int]) {
    self.field = field
    plane = field.shape.x * field.shape.y
    twin = SpaceTimeField(
      slices: shared.isEmpty ? 0 : field.slices, shape: VoxelShape(field.shape.x, field.shape.y, shared.count)
    )
    slots = (0..<field.shape.z).map { shared.firstIndex(of: $0) }
  }

  /// Where plane `z` of slice `k` is.
  func current(_ k: Int, _ z: Int) -> UnsafeMutablePointer<Float> { place(k, z, inTwin: turned) }

  /// Where its next values belong.
  func next(_ k: Int, _ z: Int) -> UnsafeMutablePointer<Float> { place(k, z, inTwin: !turned) }

  /// All planes have been stepped.
  mutating func turn() { turned.toggle() }

  private func place(_ k: Int, _ z: Int, inTwin: Bool) -> UnsafeMutablePointer<Float> {
    if inTwin, let slot = slots[z] { return twin[k] + slot * plane }
    return field[k] + z * plane
  }
}
