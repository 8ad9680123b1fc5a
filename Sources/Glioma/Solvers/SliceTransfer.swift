import Imaging
import Numerics

/// Cell-centred linear interpolation between a grid and the one with half as many cells and slices, plane by plane, and its
/// transpose (GliODIL's multigrid decomposition, "mODIL").
///
/// Along each axis the children of cell i are ¾ own + ¼ of the neighbour on their side; beyond the ends the field is
/// continued linearly, so the outermost child is 1.25·c_0 − 0.25·c_1. The transpose takes two steps, so that planes are
/// independent of each other: `restrict` sums over a plane and over slices, `gather` over planes.
package final class SliceTransfer: Sendable {
  package let fine: VoxelShape
  package let coarse: VoxelShape

  package init(fine: VoxelShape) {
    precondition(fine.x % 2 == 0 && fine.y % 2 == 0 && fine.z % 2 == 0)
    self.fine = fine
    coarse = VoxelShape(fine.x / 2, fine.y / 2, fine.z / 2)
  }

  /// The coarse cells and weights of child `i` along an axis of `count` coarse cells.
  static func parents(_ i: Int, _ count: Int) -> (near: Int, far: Int, nearWeight: Float, farWeight: Float) {
    let near = i / 2
    let far = i % 2 == 0 ? near - 1 : near + 1
    guard count > 1 else { return (near, near, 1, 0) }
    if far < 0 { return (0, 1, 1.25, -0.25) }
    if far >= count { return (near, near - 1, 1.25, -0.25) }
    return (near, far, 0.75, 0.25)
  }

  /// `out` = `base` + the interpolation of `coarseField` at slice `k`, all planes.
  package func prolong(
    _ coarseField: SpaceTimeField, slice k: Int, base: UnsafePointer<Float>,
    to out: UnsafeMutablePointer<Float>
  ) {
    nonisolated(unsafe) let (base, out) = (base, out)
    let plane = fine.x * fine.y
    Parallel.forEachSlab(of: 0..<fine.z) { slab in
      for z in slab {
        prolong(coarseField, slice: k, plane: z, base: base + z * plane, to: out + z * plane)
      }
    }
  }

  /// `out` = `base` + the interpolation of `coarseField` at slice `k` and plane `z`; both point at the plane.
  package func prolong(
    _ coarseField: SpaceTimeField, slice k: Int, plane z: Int, base: UnsafePointer<Float>,
    to out: UnsafeMutablePointer<Float>
  ) {
    let parents = CoarsePlanes(coarseField, SliceTransfer.parents(k, coarseField.slices), z)
    let (width, count) = (fine.x, coarse.y)
    // The three coarse rows in use, already as fine along x as the result, and one that is being made.
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 4 * width + 2) { rows in
      guard let rows = rows.baseAddress else { return }
      let sums = rows + 3 * width + 1
      (sums - 1).update(repeating: 0, count: coarse.x + 2)
      func row(_ y: Int) -> UnsafeMutablePointer<Float> { rows + y % 3 * width }
      parents.expand(row: 0, through: sums, to: row(0))
      for y in 0..<count {
        if y + 1 < count { parents.expand(row: y + 1, through: sums, to: row(y + 1)) }
        for child in 2 * y..<2 * y + 2 {
          let p = SliceTransfer.parents(child, count)
          let start = child * width
          SliceTransfer.add(
            base + start, p.nearWeight, row(p.near), p.farWeight, row(p.far), to: out + start, count: width)
        }
      }
    }
  }

  /// `out` = `base` + a·first + b·second on `count` cells.
  @inline(__always)
  private static func add(
    _ base: UnsafePointer<Float>, _ a: Float, _ first: UnsafePointer<Float>, _ b: Float,
    _ second: UnsafePointer<Float>, to out: UnsafeMutablePointer<Float>, count: Int
  ) {
    var x = 0
    while x + 16 <= count {
      let sum = load16(base + x).addingProduct(SIMD16(repeating: a), load16(first + x))
      store16(sum.addingProduct(SIMD16(repeating: b), load16(second + x)), out + x)
      x += 16
    }
    while x < count {
      out[x] = base[x].addingProduct(a, first[x]).addingProduct(b, second[x])
      x += 1
    }
  }

  /// Add the transposed interpolation along x, y and time of plane `z` of the fine slice `k` to plane `z` of the two coarse
  /// slices it belongs to in `partial` (coarse cells along x and y, fine ones along z). Slices come in ascending
  /// order; what `partial` held before is forgotten.
  package func restrict(
    _ values: UnsafePointer<Float>, slice k: Int, plane z: Int, into partial: SpaceTimeField
  ) {
    let time = SliceTransfer.parents(k, partial.slices)
    let size = coarse.x * coarse.y
    let (near, far) = (partial[time.near] + z * size, partial[time.far] + z * size)
    if k == 0 { near.update(repeating: 0, count: size) }
    // The first slice reaches the second coarse one, every other odd slice is the first to reach its later one.
    if k == 0 || (k > 1 && k % 2 == 1 && time.far > time.near) { far.update(repeating: 0, count: size) }
    let last = coarse.y - 1
    withUnsafeTemporaryAllocation(of: Float.self, capacity: coarse.x + fine.x + 18) { row in
      guard let row = row.baseAddress else { return }
      // Whole vectors are read from one cell before the fine row to one behind it.
      let sums = row + coarse.x + 1
      (sums - 1).update(repeating: 0, count: fine.x + 18)
      func add(_ rows: FineRows, to y: Int) {
        rows.reduce(through: sums, to: row, count: coarse.x)
        let start = y * coarse.x
        SliceTransfer.add(near + start, time.nearWeight, row, to: near + start, count: coarse.x)
        if time.farWeight != 0 {
          SliceTransfer.add(far + start, time.farWeight, row, to: far + start, count: coarse.x)
        }
      }
      for y in 0...last { add(FineRows(values, width: fine.x, coarseRow: y, of: coarse.y), to: y) }
      guard last > 0 else { return }
      // The linear continuation takes from the second row what it adds to the first.
      add(FineRows(values, width: fine.x, single: 0, weight: -0.25), to: 1)
      add(FineRows(values, width: fine.x, single: fine.y - 1, weight: -0.25), to: last - 1)
    }
  }

  @inline(__always)
  private static func add(
    _ base: UnsafePointer<Float>, _ a: Float, _ row: UnsafePointer<Float>,
    to out: UnsafeMutablePointer<Float>, count: Int
  ) {
    var x = 0
    while x + 8 <= count {
      store8(load8(base + x).addingProduct(SIMD8(repeating: a), load8(row + x)), out + x)
      x += 8
    }
    while x < count {
      out[x] = base[x].addingProduct(a, row[x])
      x += 1
    }
  }

  /// The transposed interpolation along z: `coarseField` from what `restrict` left in `partial`.
  package func gather(_ partial: SpaceTimeField, into coarseField: SpaceTimeField) {
    let (size, planes, count) = (coarse.x * coarse.y, fine.z, coarse.z)
    Parallel.forEach(0..<coarseField.slices) { k in
      let (out, input) = (coarseField[k], partial[k])
      out.update(repeating: 0, count: size * count)
      for z in 0..<planes {
        let p = SliceTransfer.parents(z, count)
        let (near, far, plane) = (out + size * p.near, out + size * p.far, input + size * z)
        SliceTransfer.add(near, p.nearWeight, plane, to: near, count: size)
        if p.farWeight != 0 { SliceTransfer.add(far, p.farWeight, plane, to: far, count: size) }
      }
    }
  }
}
