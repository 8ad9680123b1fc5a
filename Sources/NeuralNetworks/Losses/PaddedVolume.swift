import Numerics

/// The layout of a volume with a border of one voxel on every side and rows of whole vectors.
///
/// The border repeats the outermost voxels, so that windows reaching over the edge see what they see without it: the minimum
/// or maximum over a window does not change when a member is counted twice.
struct PaddedShape: Hashable, Sendable {
  let depth: Int
  let height: Int
  let width: Int
  /// Distance of neighbouring rows: one voxel of border before, vectors to cover the row, border after.
  let row: Int
  let slice: Int
  let count: Int

  init(depth: Int, height: Int, width: Int) {
    (self.depth, self.height, self.width) = (depth, height, width)
    row = (width + 15) / 16 * 16 + 16
    slice = row * (height + 2)
    count = slice * (depth + 2)
  }

  /// Run `body` with the position of the first voxel of every row, on all threads.
  func forEachRow(_ body: @Sendable (Int) -> Void) {
    Team.current.forEachSlab(of: depth * height) { _, rows in
      for index in rows {
        let (z, y) = index.quotientAndRemainder(dividingBy: height)
        body((z + 1) * slice + (y + 1) * row + 1)
      }
    }
  }
}

/// A volume of single-precision numbers in the layout of ``PaddedShape``, zero at first.
final class PaddedVolume: @unchecked Sendable {  // Safe: threads write rows of their own.
  let shape: PaddedShape
  let base: UnsafeMutablePointer<Float>

  init(_ shape: PaddedShape) {
    self.shape = shape
    base = .allocate(capacity: shape.count)
    base.initialize(repeating: 0, count: shape.count)
  }

  deinit { base.deallocate() }

  @inline(__always)
  func vector(_ i: Int) -> Vector { UnsafeRawPointer(base + i).loadUnaligned(as: Vector.self) }

  /// The position `i`, or the nearest that may be read. Two steps beyond the outermost voxel lie outside; the windows
  /// centred at one step have no gradient, so what is read there does not matter.
  @inline(__always)
  func clamped(_ i: Int) -> Int { min(max(i, 0), shape.count - 16) }

  @inline(__always)
  func store(_ vector: Vector, _ i: Int) {
    UnsafeMutableRawPointer(base + i).storeBytes(of: vector, as: Vector.self)
  }

  /// Set every voxel, sixteen at a time, and renew the border.
  @inline(__always)
  func fill(_ body: @Sendable (Int) -> Vector) {
    shape.forEachRow { start in
      for x in stride(from: 0, to: self.shape.width, by: 16) { self.store(body(start + x), start + x) }
    }
    repeatBorder()
  }

  /// Copy the voxels of a tensor, D H W.
  func load(_ source: UnsafePointer<Float>) {
    for z in 0..<shape.depth {
      for y in 0..<shape.height {
        (base + (z + 1) * shape.slice + (y + 1) * shape.row + 1)
          .update(from: source + (z * shape.height + y) * shape.width, count: shape.width)
      }
    }
    repeatBorder()
  }

  /// Copy the voxels to a tensor, D H W.
  func unload(_ target: UnsafeMutablePointer<Float>) {
    for z in 0..<shape.depth {
      for y in 0..<shape.height {
        (target + (z * shape.height + y) * shape.width)
          .update(from: base + (z + 1) * shape.slice + (y + 1) * shape.row + 1, count: shape.width)
      }
    }
  }

  /// Make the border repeat the outermost voxels.
  func repeatBorder() {
    let (row, slice, width) = (shape.row, shape.slice, shape.width)
    shape.forEachRow { start in
      self.base[start - 1] = self.base[start]
      for x in width..<row - 1 { self.base[start + x] = self.base[start + width - 1] }
    }
    for z in 1...shape.depth {
      let first = base + z * slice
      first.update(from: first + row, count: row)
      (first + (shape.height + 1) * row).update(from: first + shape.height * row, count: row)
    }
    base.update(from: base + slice, count: slice)
    (base + (shape.depth + 1) * slice).update(from: base + shape.depth * slice, count: slice)
  }

  /// Set the border to zero, as gradients need it.
  func clearBorder() {
    let (row, slice, width) = (shape.row, shape.slice, shape.width)
    shape.forEachRow { start in
      self.base[start - 1] = 0
      for x in width..<row - 1 { self.base[start + x] = 0 }
    }
    for z in 1...shape.depth {
      let first = base + z * slice
      first.update(repeating: 0, count: row)
      (first + (shape.height + 1) * row).update(repeating: 0, count: row)
    }
    base.update(repeating: 0, count: slice)
    (base + (shape.depth + 1) * slice).update(repeating: 0, count: slice)
  }
}
