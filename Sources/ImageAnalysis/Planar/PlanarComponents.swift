import Imaging

/// The connected parts of a planar mask.
public struct PlanarComponents: Sendable {
  /// Which neighbours of a pixel belong to it.
  public enum Connectivity: Sendable {
    /// The four across an edge.
    case four
    /// The eight across an edge or a corner.
    case eight
  }

  /// One part: its size and its place.
  public struct Region: Sendable, Hashable {
    /// The number of pixels.
    public var area = 0
    /// The columns it spans.
    public var columns: Range<Int>
    /// The rows it spans.
    public var rows: Range<Int>
    /// The first pixel in reading order.
    public let first: SIMD2<Int>

    /// Whether it touches the border of an image of `width` by `height` pixels.
    public func touchesBorder(width: Int, height: Int) -> Bool {
      columns.lowerBound == 0 || rows.lowerBound == 0 || columns.upperBound == width
        || rows.upperBound == height
    }
  }

  /// 0 outside, else 1 + the index into `regions`.
  public let labels: Plane<Int32>
  /// The parts in reading order of their first pixels.
  public let regions: [Region]

  /// The parts of the pixels of `mask` that are not 0.
  ///
  /// Two passes over runs of pixels with a union-find forest (Rosenfeld and Pfaltz, 1966): linear in the pixels.
  public init(of mask: PlanarMask, connectivity: Connectivity = .eight) {
    let (width, height) = (mask.width, mask.height)
    var runs: [Run] = []
    var parents: [Int32] = []
    var (previousRow, currentRow) = (0..<0, 0..<0)
    let reach = connectivity == .eight ? 1 : 0
    mask.withPixels { pixels in
      for y in 0..<height {
        previousRow = currentRow
        let start = runs.count
        var x = 0
        while x < width {
          if pixels[y * width + x] == 0 {
            x += 1
            continue
          }
          let from = x
          while x < width && pixels[y * width + x] != 0 { x += 1 }
          runs.append(Run(y: Int32(y), from: Int32(from), to: Int32(x)))
          parents.append(Int32(parents.count))
        }
        currentRow = start..<runs.count
        var above = previousRow.lowerBound
        for run in currentRow {
          while above < previousRow.upperBound && Int(runs[above].to) + reach <= Int(runs[run].from) {
            above += 1
          }
          var other = above
          while other < previousRow.upperBound && Int(runs[other].from) < Int(runs[run].to) + reach {
            unite(&parents, Int32(run), Int32(other))
            other += 1
          }
        }
      }
    }
    var labels = Plane<Int32>(width: width, height: height, filledWith: 0)
    var regions: [Region] = []
    var labelOfRoot = [Int32](repeating: 0, count: runs.count)
    labels.withMutablePixels { target in
      for (index, run) in runs.enumerated() {
        let root = Int(find(&parents, Int32(index)))
        let (from, to, y) = (Int(run.from), Int(run.to), Int(run.y))
        if labelOfRoot[root] == 0 {
          regions.append(Region(columns: from..<to, rows: y..<(y + 1), first: [from, y]))
          labelOfRoot[root] = Int32(regions.count)
        }
        let label = labelOfRoot[root]
        for x in from..<to { target[y * width + x] = label }
        let r = Int(label) - 1
        regions[r].area += to - from
        let columns = regions[r].columns
        regions[r].columns = min(columns.lowerBound, from)..<max(columns.upperBound, to)
        regions[r].rows = regions[r].rows.lowerBound..<(y + 1)
      }
    }
    self.labels = labels
    self.regions = regions
  }

  private struct Run {
    let y, from, to: Int32
  }

  /// The mask of region `index` within its own box.
  public func mask(ofRegion index: Int) -> PlanarMask {
    let region = regions[index]
    let label = Int32(index + 1)
    var result = PlanarMask(width: region.columns.count, height: region.rows.count, filledWith: 0)
    labels.withPixels { source in
      result.withMutablePixels { target in
        var p = 0
        for y in region.rows {
          for x in region.columns {
            target[p] = source[y * labels.width + x] == label ? 1 : 0
            p += 1
          }
        }
      }
    }
    return result
  }
}

private func find(_ parents: inout [Int32], _ element: Int32) -> Int32 {
  var e = element
  while parents[Int(e)] != e {
    parents[Int(e)] = parents[Int(parents[Int(e)])]
    e = parents[Int(e)]
  }
  return e
}

private func unite(_ parents: inout [Int32], _ one: Int32, _ other: Int32) {
  let (a, b) = (find(&parents, one), find(&parents, other))
  if a != b { parents[Int(max(a, b))] = min(a, b) }
}

extension Plane where Scalar == UInt8 {
  /// The parts of the background; 4-connected, so that a diagonal line of the mask separates them.
  public func backgroundComponents() -> PlanarComponents {
    PlanarComponents(of: map { $0 == 0 ? 1 : 0 }, connectivity: .four)
  }

  /// The mask with every enclosed part of the background filled.
  public func filledHoles() -> PlanarMask {
    let background = backgroundComponents()
    let open = background.regions.map { $0.touchesBorder(width: width, height: height) }
    return background.labels.map { $0 == 0 || !open[Int($0) - 1] ? 1 : 0 }
  }
}
