/// A three-dimensional image: one scalar a voxel, x fastest in memory, placed in the world by its grid.
public struct Volume<Scalar: Sendable>: Sendable {
  /// Shape and affine.
  public var grid: VoxelGrid
  /// The voxels; voxel (i, j, k) is element `i + nx · (j + ny · k)`.
  @inlinable public var voxels: [Scalar] { storage }
  @usableFromInline var storage: [Scalar]

  /// An image with every voxel equal to `value`.
  @inlinable public init(grid: VoxelGrid, filledWith value: Scalar) {
    self.grid = grid
    storage = Array(repeating: value, count: grid.shape.count)
  }

  /// An image that takes over `voxels`, x fastest; their number must be that of the grid.
  @inlinable public init(grid: VoxelGrid, voxels: [Scalar]) {
    precondition(
      voxels.count == grid.shape.count, "a volume of \(grid.shape) needs \(grid.shape.count) voxels")
    self.grid = grid
    storage = voxels
  }

  /// An image whose voxels `initialize` writes; it must initialise every element.
  @inlinable public init(
    grid: VoxelGrid, initializingWith initialize: (UnsafeMutableBufferPointer<Scalar>) throws -> Void
  ) rethrows {
    self.grid = grid
    let count = grid.shape.count
    storage = try Array(unsafeUninitializedCapacity: count) { buffer, initialized in
      try initialize(UnsafeMutableBufferPointer(rebasing: buffer[0..<count]))
      initialized = count
    }
  }

  /// The number of voxels along each axis.
  @inlinable public var shape: VoxelShape { grid.shape }

  /// The value of voxel (i, j, k).
  @inlinable public subscript(i: Int, j: Int, k: Int) -> Scalar {
    get { voxels[grid.shape.index(i, j, k)] }
    set { setVoxel(grid.shape.index(i, j, k), newValue) }
  }

  /// Replace the voxel at position `index` in memory.
  @inlinable public mutating func setVoxel(_ index: Int, _ value: Scalar) { storage[index] = value }

  /// Read the voxels in place.
  @inlinable public func withVoxels<Result>(_ body: (UnsafeBufferPointer<Scalar>) throws -> Result) rethrows
    -> Result
  {
    try storage.withUnsafeBufferPointer(body)
  }

  /// Change the voxels in place.
  @inlinable public mutating func withMutableVoxels<Result>(
    _ body: (UnsafeMutableBufferPointer<Scalar>) throws -> Result
  ) rethrows -> Result {
    try storage.withUnsafeMutableBufferPointer { try body($0) }
  }

  /// The image with each voxel replaced by `transform` of it, on the same grid.
  @inlinable public func map<Other: Sendable>(_ transform: (Scalar) throws -> Other) rethrows -> Volume<Other>
  {
    Volume<Other>(grid: grid, voxels: try voxels.map(transform))
  }
}

extension Volume: Equatable where Scalar: Equatable {}

/// A mask: 1 inside, 0 outside.
public typealias Mask = Volume<UInt8>

/// An image of labels: 0 is background, every other value names a structure.
public typealias LabelMap = Volume<Int32>
