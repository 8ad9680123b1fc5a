import Imaging
import Numerics

/// Cell-centred linear interpolation between a grid and the one with half as many cells and slices, slice by slice, and its
/// transpose (GliODIL's multigrid decomposition, "mODIL").
///
/// Along each axis the children of cell i are ¾ own + ¼ of the neighbour on their side; beyond the ends the field is
/// continued linearly, so the outermost child is 1.25·c_0 − 0.25·c_1.
package final class SliceTransfer {
  let fine: VoxelShape
  let coarse: VoxelShape
  private let mixed: SpaceTimeField
  private let reduced: SpaceTimeField

  package init(fine: VoxelShape) {
    precondition(fine.x % 2 == 0 && fine.y % 2 == 0 && fine.z % 2 == 0)
    self.fine = fine
    coarse = VoxelShape(fine.x / 2, fine.y / 2, fine.z / 2)
    mixed = SpaceTimeField(slices: 2, shape: coarse)
    reduced = SpaceTimeField(slices: 1, shape: VoxelShape(coarse.x, coarse.y, fine.z))
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

  /// `out` = `base` + the interpolation of `coarseField` at slice `k`.
  package func prolong(
    _ coarseField: SpaceTimeField, slice k: Int, base: UnsafePointer<Float>,
    to out: UnsafeMutablePointer<Float>
  ) {
    let time = SliceTransfer.parents(k, coarseField.slices)
    let (a, b, mix) = (coarseField[time.near], coarseField[time.far], mixed[0])
    for cell in 0..<mixed.pitch { mix[cell] = time.nearWeight * a[cell] + time.farWeight * b[cell] }
    nonisolated(unsafe) let (base, out, input) = (base, out, mix)
    let (fine, coarse) = (fine, coarse)
    Parallel.forEachSlab(of: 0..<fine.z) { slab in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: coarse.x) { row in
        for z in slab {
          let pz = SliceTransfer.parents(z, coarse.z)
          for y in 0..<fine.y {
            let py = SliceTransfer.parents(y, coarse.y)
            let nn = input + coarse.index(0, py.near, pz.near)
            let fn = input + coarse.index(0, py.far, pz.near)
            let nf = input + coarse.index(0, py.near, pz.far)
            let ff = input + coarse.index(0, py.far, pz.far)
            let (wnn, wfn) = (py.nearWeight * pz.nearWeight, py.farWeight * pz.nearWeight)
            let (wnf, wff) = (py.nearWeight * pz.farWeight, py.farWeight * pz.farWeight)
            for x in 0..<coarse.x { row[x] = wnn * nn[x] + wfn * fn[x] + wnf * nf[x] + wff * ff[x] }
            let start = fine.index(0, y, z)
            let (source, target) = (base + start, out + start)
            let last = coarse.x - 1
            for x in 1..<max(last, 1) {
              target[2 * x] = source[2 * x] + 0.75 * row[x] + 0.25 * row[x - 1]
              target[2 * x + 1] = source[2 * x + 1] + 0.75 * row[x] + 0.25 * row[x + 1]
            }
            for x in last > 0 ? [0, last] : [0] {
              for child in [2 * x, 2 * x + 1] {
                let p = SliceTransfer.parents(child, coarse.x)
                target[child] = source[child] + p.nearWeight * row[p.near] + p.farWeight * row[p.far]
              }
            }
          }
        }
      }
    }
  }

  /// Add the transposed interpolation of the fine slice `k` to `coarseField`.
  package func restrict(_ slice: UnsafePointer<Float>, slice k: Int, into coarseField: SpaceTimeField) {
    nonisolated(unsafe) let (input, planes, sum) = (slice, reduced[0], mixed[1])
    let (fine, coarse) = (fine, coarse)
    let planeSize = coarse.x * coarse.y
    Parallel.forEachSlab(of: 0..<fine.z) { slab in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: coarse.x) { row in
        for z in slab {
          let plane = planes + z * planeSize
          for cell in 0..<planeSize { plane[cell] = 0 }
          for y in 0..<fine.y {
            SliceTransfer.restrictRow(input + fine.index(0, y, z), row, coarse.x)
            let py = SliceTransfer.parents(y, coarse.y)
            let (near, far) = (plane + coarse.x * py.near, plane + coarse.x * py.far)
            for x in 0..<coarse.x { near[x] += py.nearWeight * row[x] }
            for x in 0..<coarse.x { far[x] += py.farWeight * row[x] }
          }
        }
      }
    }
    for cell in 0..<mixed.pitch { sum[cell] = 0 }
    for z in 0..<fine.z {
      let pz = SliceTransfer.parents(z, coarse.z)
      let plane = planes + z * planeSize
      let (near, far) = (sum + planeSize * pz.near, sum + planeSize * pz.far)
      for cell in 0..<planeSize { near[cell] += pz.nearWeight * plane[cell] }
      for cell in 0..<planeSize { far[cell] += pz.farWeight * plane[cell] }
    }
    let time = SliceTransfer.parents(k, coarseField.slices)
    let (a, b) = (coarseField[time.near], coarseField[time.far])
    for cell in 0..<coarse.count { a[cell] += time.nearWeight * sum[cell] }
    for cell in 0..<coarse.count { b[cell] += time.farWeight * sum[cell] }
  }

  @inline(__always)
  private static func restrictRow(
    _ fine: UnsafePointer<Float>, _ row: UnsafeMutableBufferPointer<Float>, _ count: Int
  ) {
    for x in 1..<max(count - 1, 1) {
      row[x] = 0.75 * (fine[2 * x] + fine[2 * x + 1]) + 0.25 * (fine[2 * x - 1] + fine[2 * x + 2])
    }
    let last = count - 1
    guard last > 0 else {
      row[0] = fine[0] + fine[1]
      return
    }
    row[0] = 1.25 * fine[0] + 0.75 * fine[1] + 0.25 * fine[2]
    row[last] = 1.25 * fine[2 * last + 1] + 0.75 * fine[2 * last] + 0.25 * fine[2 * last - 1]
    if last > 1 {
      row[1] -= 0.25 * fine[0]
      row[last - 1] -= 0.25 * fine[2 * last + 1]
    } else {
      row[1] -= 0.25 * fine[0]
      row[0] -= 0.25 * fine[2 * last + 1]
    }
  }
}
