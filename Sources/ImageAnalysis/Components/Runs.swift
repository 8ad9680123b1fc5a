import Imaging
import Numerics

/// Voxels next to each other in one row.
struct Run: Sendable {
  /// The position of the first in memory.
  var start: Int
  /// Their number.
  var length: Int
}

/// The runs of a mask, row by row.
struct RunRows: Sendable {
  var runs: [Run] = []
  /// The first run of each row (rows in the order of memory), and the number of runs at the end.
  var firstRun: [Int] = []

  init(nonzeroOf mask: Mask) { self.init(of: mask, wanted: true) }

  init(zerosOf mask: Mask) { self.init(of: mask, wanted: false) }

  private init(of mask: Mask, wanted: Bool) {
    let shape = mask.shape
    mask.withVoxels { voxels in
      nonisolated(unsafe) let voxels = voxels
      self = RunRows(shape: shape) { row, runs in
        guard let base = voxels.baseAddress else { return }
        Self.appendRuns(of: base + row, at: row, count: shape.x, wanted: wanted, &runs)
      }
    }
  }

  /// The rows of a mask of `shape`; `appendRow(start, runs)` appends the runs of the row that begins at `start`.
  init(shape: VoxelShape, appendRow: @Sendable (Int, inout [Run]) -> Void) {
    let parts = Parallel.mapSlabs(of: 0..<shape.y * shape.z) { slab -> ([Run], [Int]) in
      var runs: [Run] = []
      var counts: [Int] = []
      counts.reserveCapacity(slab.count)
      for row in slab {
        let before = runs.count
        appendRow(row * shape.x, &runs)
        counts.append(runs.count - before)
      }
      return (runs, counts)
    }
    firstRun.reserveCapacity(shape.y * shape.z + 1)
    firstRun.append(0)
    for (partRuns, counts) in parts {
      runs += partRuns
      for count in counts { firstRun.append(firstRun[firstRun.count - 1] + count) }
    }
  }

  /// Append the runs of the row at `row`, whose first voxel lies at `start` in memory.
  @inline(__always)
  private static func appendRuns(
    of row: UnsafePointer<UInt8>, at start: Int, count: Int, wanted: Bool, _ runs: inout [Run]
  ) {
    var x = 0
    while x < count {
      // Most of a vessel mask is empty: step over 32 zeros at a time.
      if wanted {
        while x + 32 <= count {
          let block = UnsafeRawPointer(row + x).loadUnaligned(as: SIMD4<UInt64>.self)
          if block.x | block.y | block.z | block.w != 0 { break }
          x += 32
        }
      }
      while x < count && (row[x] != 0) != wanted { x += 1 }
      if x >= count { break }
      let first = x
      while x < count && (row[x] != 0) == wanted { x += 1 }
      runs.append(Run(start: start + first, length: x - first))
    }
  }

  /// Join the runs that touch, each row with those of its earlier neighbours.
  func join(shape: VoxelShape, _ connectivity: Connectivity, _ forest: inout UnionFind) {
    // (dy, dz, whether a diagonal step in x counts) of the neighbouring rows that come earlier in memory.
    let neighbors: [(dy: Int, dz: Int, diagonal: Bool)] =
      switch connectivity {
      case .six: [(-1, 0, false), (0, -1, false)]
      case .eighteen: [(-1, 0, true), (0, -1, true), (-1, -1, false), (1, -1, false)]
      case .twentySix: [(-1, 0, true), (0, -1, true), (-1, -1, true), (1, -1, true)]
      }
    for k in 0..<shape.z {
      for j in 0..<shape.y {
        let row = j + shape.y * k
        if firstRun[row] == firstRun[row + 1] { continue }
        for (dy, dz, diagonal) in neighbors
        where j + dy >= 0 && j + dy < shape.y && k + dz >= 0 {
          let other = row + dy + shape.y * dz
          joinRows(row, other, shift: (row - other) * shape.x, reach: diagonal ? 1 : 0, &forest)
        }
      }
    }
  }

  @inline(__always)
  private func joinRows(_ row: Int, _ other: Int, shift: Int, reach: Int, _ forest: inout UnionFind) {
    var (a, b) = (firstRun[row], firstRun[other])
    let (endA, endB) = (firstRun[row + 1], firstRun[other + 1])
    while a < endA && b < endB {
      let (startA, startB) = (runs[a].start, runs[b].start + shift)
      let (stopA, stopB) = (startA + runs[a].length, startB + runs[b].length)
      if startA < stopB + reach && startB < stopA + reach { forest.join(a, b) }
      if stopA < stopB { a += 1 } else { b += 1 }
    }
  }
}

/// Disjoint sets with path halving; the root of a set is its smallest member.
struct UnionFind {
  private var parent: [Int32]

  init(count: Int) {
    precondition(count < Int(Int32.max), "too many runs")
    parent = (0..<Int32(count)).map { $0 }
  }

  mutating func root(of element: Int) -> Int {
    var element = Int32(element)
    while parent[Int(element)] != element {
      parent[Int(element)] = parent[Int(parent[Int(element)])]
      element = parent[Int(element)]
    }
    return Int(element)
  }

  mutating func join(_ first: Int, _ second: Int) {
    let (a, b) = (root(of: first), root(of: second))
    if a < b { parent[b] = Int32(a) } else if b < a { parent[a] = Int32(b) }
  }
}
