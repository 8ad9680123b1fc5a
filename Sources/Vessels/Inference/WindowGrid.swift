import Imaging

/// The windows that cover a volume: at a fixed stride, the last along each axis shifted inwards to end at the face.
public struct WindowGrid: Sendable, Equatable {
  /// The windows, x fastest, then y, then z.
  public let windows: [PatchWindow]

  /// The windows of shape `patch` at `stride` over a volume of shape `extent`. Along an axis shorter than the patch there is
  /// one window, centred, reaching over both faces.
  ///
  /// With an `offset` the first window begins that many voxels before the volume.
  public init(
    extent: VoxelShape, patch: VoxelShape, stride: VoxelShape, offset: VoxelShape = VoxelShape(0, 0, 0)
  ) {
    let starts = (0..<3).map {
      WindowGrid.starts(length: extent[$0], patch: patch[$0], stride: stride[$0], offset: offset[$0])
    }
    var windows: [PatchWindow] = []
    for z in starts[2] {
      for y in starts[1] {
        for x in starts[0] { windows.append(PatchWindow(x: x, y: y, z: z, shape: patch)) }
      }
    }
    self.windows = windows
  }

  /// The first voxels of the windows along one axis.
  static func starts(length: Int, patch: Int, stride: Int, offset: Int = 0) -> [Int] {
    precondition(
      patch > 0 && stride > 0 && stride <= patch, "windows must touch: stride \(stride), patch \(patch)")
    precondition((0..<patch).contains(offset), "the first window reaches into the volume")
    guard length + offset > patch else { return [-offset - (patch - length - offset) / 2] }
    var starts = Array(Swift.stride(from: -offset, through: length - patch, by: stride))
    if let last = starts.last, last < length - patch { starts.append(length - patch) }
    return starts
  }
}
