import Foundation
import Imaging

/// Distances that go around barriers: the arrival time of a front of speed 1 from a set through allowed voxels.
///
/// Fast marching (Sethian, 1996), first order, spacing in millimetres; exact along the axes, a few per cent long on
/// diagonals near the source.
package enum GeodesicDistance {
  /// The distance of every voxel from `source` inside `allowed`, in mm; infinity beyond `limit` or where no way leads.
  package static func from(_ source: Mask, inside allowed: Mask, limit: Double) -> Volume<Float> {
    let shape = source.shape
    let h = source.grid.spacing
    let infinity = Float.infinity
    var distance = Array(repeating: infinity, count: shape.count)
    var isFixed = Array(repeating: false, count: shape.count)
    var heap = ArrivalHeap()
    for cell in 0..<shape.count where source.voxels[cell] > 0 { (distance[cell], isFixed[cell]) = (0, true) }

    // Solves Σ ((t − a)/h)² = 1 over the axes, with the smaller fixed neighbour a of each, the latest dropped.
    func arrival(_ cell: Int, _ p: SIMD3<Int>) -> Float {
      var known: [(time: Double, inverse: Double)] = []
      for axis in 0..<3 {
        let step = shape.stride(axis)
        var best = infinity
        if p[axis] > 0, isFixed[cell - step] { best = distance[cell - step] }
        if p[axis] < shape[axis] - 1, isFixed[cell + step] { best = min(best, distance[cell + step]) }
        if best < infinity { known.append((Double(best), 1 / (h[axis] * h[axis]))) }
      }
      known.sort { $0.time < $1.time }
      var (a, b, c, result) = (0.0, 0.0, -1.0, Double.infinity)
      for (time, inverse) in known {
        if time >= result { break }
        a += inverse
        b += inverse * time
        c += inverse * time * time
        let root = b * b - a * c
        if root >= 0 { result = (b + root.squareRoot()) / a }
      }
      return Float(result)
    }

    func visit(around cell: Int) {
      let p = SIMD3(cell % shape.x, cell / shape.x % shape.y, cell / (shape.x * shape.y))
      for axis in 0..<3 {
        for step in [-1, 1] {
          guard (0..<shape[axis]).contains(p[axis] + step) else { continue }
          let other = cell + step * shape.stride(axis)
          guard !isFixed[other], allowed.voxels[other] > 0 else { continue }
          var q = p
          q[axis] += step
          let time = arrival(other, q)
          if time < distance[other], Double(time) <= limit {
            distance[other] = time
            heap.insert(time, Int32(other))
          }
        }
      }
    }

    for cell in 0..<shape.count where source.voxels[cell] > 0 { visit(around: cell) }
    while let (time, index) = heap.removeFirst() {
      let cell = Int(index)
      guard !isFixed[cell], time <= distance[cell] else { continue }
      isFixed[cell] = true
      visit(around: cell)
    }
    return Volume(grid: source.grid, voxels: distance)
  }
}

/// A binary heap of arrival times and cells.
private struct ArrivalHeap {
  private var items: [(time: Float, cell: Int32)] = []

  mutating func insert(_ time: Float, _ cell: Int32) {
    items.append((time, cell))
    var child = items.count - 1
    while child > 0, items[child].time < items[(child - 1) / 2].time {
      items.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func removeFirst() -> (Float, Int32)? {
    guard let first = items.first else { return nil }
    let end = items.removeLast()
    guard !items.isEmpty else { return first }
    items[0] = end
    var parent = 0
    while true {
      var child = 2 * parent + 1
      if child >= items.count { break }
      if child + 1 < items.count, items[child + 1].time < items[child].time { child += 1 }
      if items[parent].time <= items[child].time { break }
      items.swapAt(parent, child)
      parent = child
    }
    return first
  }
}
