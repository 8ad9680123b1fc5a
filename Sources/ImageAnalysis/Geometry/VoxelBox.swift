import Imaging

/// A box of voxels, such as the bounding box of a mask.
public struct VoxelBox: Hashable, Sendable {
  /// The voxels along each axis.
  public var x, y, z: Range<Int>

  /// The box of the given ranges.
  public init(x: Range<Int>, y: Range<Int>, z: Range<Int>) {
    self.x = x
    self.y = y
    self.z = z
  }

  /// The whole of an image.
  public init(_ shape: VoxelShape) { self.init(x: 0..<shape.x, y: 0..<shape.y, z: 0..<shape.z) }

  /// The number of voxels along each axis.
  public var shape: VoxelShape { VoxelShape(x.count, y.count, z.count) }

  /// The box grown by `margin` voxels on every side, no further than an image of `shape` reaches.
  public func expanded(by margin: Int, within shape: VoxelShape) -> VoxelBox {
    VoxelBox(
      x: max(0, x.lowerBound - margin)..<min(shape.x, x.upperBound + margin),
      y: max(0, y.lowerBound - margin)..<min(shape.y, y.upperBound + margin),
      z: max(0, z.lowerBound - margin)..<min(shape.z, z.upperBound + margin))
  }

  /// The smallest box that holds both.
  public func union(_ other: VoxelBox) -> VoxelBox {
    func hull(_ a: Range<Int>, _ b: Range<Int>) -> Range<Int> {
      min(a.lowerBound, b.lowerBound)..<max(a.upperBound, b.upperBound)
    }
    return VoxelBox(x: hull(x, other.x), y: hull(y, other.y), z: hull(z, other.z))
  }
}

extension Volume {
  /// The part of the image inside `box`; the affine moves so that every voxel keeps its place in the world.
  @inlinable
  public func cropped(to box: VoxelBox) -> Volume {
    let origin = grid.affine([
      Double(box.x.lowerBound), Double(box.y.lowerBound), Double(box.z.lowerBound),
    ])
    let affine = Affine(
      columns: grid.affine.column(0), grid.affine.column(1), grid.affine.column(2), origin: origin)
    let (source, size) = (shape, box.shape)
    precondition(box.expanded(by: 0, within: source) == box, "the box reaches beyond the image")
    return withVoxels { voxels in
      Volume(grid: VoxelGrid(shape: size, affine: affine)) { output in
        guard let from = voxels.baseAddress, let to = output.baseAddress else { return }
        for k in 0..<size.z {
          for j in 0..<size.y {
            let row = source.index(box.x.lowerBound, box.y.lowerBound + j, box.z.lowerBound + k)
            (to + size.index(0, j, k)).initialize(from: from + row, count: size.x)
          }
        }
      }
    }
  }
}

extension Volume where Scalar == UInt8 {
  /// The smallest box that holds all voxels that are not 0, or nil where there are none.
  public func boundingBox() -> VoxelBox? { RunRows(nonzeroOf: self).boundingBox(in: shape) }
}

extension RunRows {
  func boundingBox(in shape: VoxelShape) -> VoxelBox? {
    guard !runs.isEmpty else { return nil }
    var box = (x0: Int.max, x1: 0, y0: Int.max, y1: 0, z0: Int.max, z1: 0)
    for k in 0..<shape.z {
      for j in 0..<shape.y {
        let row = j + shape.y * k
        let (first, end) = (firstRun[row], firstRun[row + 1])
        if first == end { continue }
        let start = row * shape.x
        box.x0 = min(box.x0, runs[first].start - start)
        box.x1 = max(box.x1, runs[end - 1].start + runs[end - 1].length - start)
        box.y0 = min(box.y0, j)
        box.y1 = max(box.y1, j + 1)
        box.z0 = min(box.z0, k)
        box.z1 = k + 1
      }
    }
    return VoxelBox(x: box.x0..<box.x1, y: box.y0..<box.y1, z: box.z0..<box.z1)
  }
}
