import Imaging
import Numerics

/// Which voxels count as neighbours.
public enum Connectivity: Int, Sendable, Codable, CaseIterable {
  /// Voxels that share a face.
  case six = 6
  /// Voxels that share a face or an edge.
  case eighteen = 18
  /// Voxels that share a face, an edge or a corner.
  case twentySix = 26
}

/// The connected components of a mask, held as runs along x.
///
/// Rows are cut into runs and runs joined by union-find with those of the rows before (He, Chao and Suzuki, 2008). Components are numbered
/// 0, 1, … in the order of their first voxel in memory.
public struct ConnectedComponents: Sendable {
  /// The grid of the mask.
  public let grid: VoxelGrid
  /// The number of voxels of each component.
  public let sizes: [Int]
  let runs: [Run]
  /// The component of each run.
  let componentOfRun: [Int32]

  /// The number of components.
  public var count: Int { sizes.count }

  /// The largest component (the first of equals), or nil where the mask is empty.
  public var largest: Int? {
    sizes.indices.max { (sizes[$0], -$0) < (sizes[$1], -$1) }
  }

  /// The components of the voxels of `mask` that are not 0.
  public init(of mask: Mask, connectivity: Connectivity = .twentySix) {
    self.init(grid: mask.grid, rows: RunRows(nonzeroOf: mask), connectivity: connectivity)
  }

  /// The components of the voxels of `mask` that are 0.
  public init(ofBackgroundOf mask: Mask, connectivity: Connectivity) {
    self.init(grid: mask.grid, rows: RunRows(zerosOf: mask), connectivity: connectivity)
  }

  init(grid: VoxelGrid, rows: RunRows, connectivity: Connectivity) {
    self.grid = grid
    runs = rows.runs
    var forest = UnionFind(count: rows.runs.count)
    rows.join(shape: grid.shape, connectivity, &forest)
    var component = [Int32](repeating: -1, count: rows.runs.count)
    var sizes: [Int] = []
    for run in rows.runs.indices {
      let root = forest.root(of: run)
      if component[root] < 0 {
        component[root] = Int32(sizes.count)
        sizes.append(0)
      }
      component[run] = component[root]
      sizes[Int(component[run])] += rows.runs[run].length
    }
    self.sizes = sizes
    componentOfRun = component
  }

  /// The image of component numbers, 1 for component 0 and so on; 0 outside.
  public func labelMap() -> LabelMap {
    var labels = LabelMap(grid: grid, filledWith: 0)
    labels.withMutableVoxels { voxels in
      for (run, component) in zip(runs, componentOfRun) {
        (voxels.baseAddress! + run.start).update(repeating: component + 1, count: run.length)
      }
    }
    return labels
  }

  /// The mask of the components for which `keep` holds.
  public func mask(keeping keep: (Int) -> Bool) -> Mask {
    let kept = sizes.indices.map(keep)
    var mask = Mask(grid: grid, filledWith: 0)
    mask.withMutableVoxels { voxels in
      for (run, component) in zip(runs, componentOfRun) where kept[Int(component)] {
        (voxels.baseAddress! + run.start).update(repeating: 1, count: run.length)
      }
    }
    return mask
  }

  /// For each component for which `isWanted` holds the mean of `value`, given positions in memory, over those of its voxels
  /// that have one; nil for other components and where none has one.
  public func means(where isWanted: (Int) -> Bool, of value: (Int) -> Double?) -> [Double?] {
    let wanted = sizes.indices.map(isWanted)
    var (sums, counts) = ([Double](repeating: 0, count: count), [Int](repeating: 0, count: count))
    for (run, component) in zip(runs, componentOfRun) where wanted[Int(component)] {
      for index in run.start..<run.start + run.length {
        guard let value = value(index) else { continue }
        sums[Int(component)] += value
        counts[Int(component)] += 1
      }
    }
    return zip(sums, counts).map { $1 > 0 ? $0 / Double($1) : nil }
  }

  /// The mask of the components for which `keep` holds, and of the others' voxels for whose position in memory `predicate`
  /// does.
  @inline(__always)
  func mask(keeping keep: (Int) -> Bool, orWhere predicate: (Int) -> Bool) -> Mask {
    var mask = mask(keeping: keep)
    mask.withMutableVoxels { voxels in
      for run in runs {
        for index in run.start..<run.start + run.length where voxels[index] == 0 && predicate(index) {
          voxels[index] = 1
        }
      }
    }
    return mask
  }

  /// For each component the number of its voxels for whose position in memory `predicate` holds.
  @inline(__always)
  func counts(where predicate: (Int) -> Bool) -> [Int] {
    var counts = [Int](repeating: 0, count: count)
    for (run, component) in zip(runs, componentOfRun) {
      for index in run.start..<run.start + run.length where predicate(index) { counts[Int(component)] += 1 }
    }
    return counts
  }

  /// For each component, whether `predicate` holds for the position in memory of any of its voxels.
  @inline(__always)
  func containing(_ predicate: (Int) -> Bool) -> [Bool] {
    var found = [Bool](repeating: false, count: count)
    for (run, component) in zip(runs, componentOfRun) where !found[Int(component)] {
      found[Int(component)] = (run.start..<run.start + run.length).contains(where: predicate)
    }
    return found
  }
}

extension Volume where Scalar == UInt8 {
  /// The connected components of the voxels that are not 0.
  public func connectedComponents(_ connectivity: Connectivity = .twentySix) -> ConnectedComponents {
    ConnectedComponents(of: self, connectivity: connectivity)
  }

  /// The mask without components of fewer than `size` voxels; other voxels become 1.
  public func removingComponents(
    smallerThan size: Int, connectivity: Connectivity = .twentySix
  ) -> Mask {
    let components = connectedComponents(connectivity)
    return components.mask { components.sizes[$0] >= size }
  }

  /// The mask of the largest component alone; empty where the mask is.
  public func largestComponent(_ connectivity: Connectivity = .twentySix) -> Mask {
    let components = connectedComponents(connectivity)
    return components.mask { $0 == components.largest }
  }
}
