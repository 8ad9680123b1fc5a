import Foundation
import ImageAnalysis
import Imaging
import Numerics

/// How a synthetic smear is made.
public struct SyntheticSmearRecipe: Sendable, Hashable, Codable {
  /// Pixels along x and y.
  public var size: SIMD2<Int> = [640, 480]
  /// Cells lying alone.
  public var singleCells = 30
  /// Groups of overlapping cells.
  public var clumps = 14
  /// The numbers of cells in a group, equally likely.
  public var cellsPerClump = 2...3
  /// The radius of an average cell, in pixels.
  public var radius: Double = 20
  /// The standard deviation of the log radius.
  public var sizeSpread: Double = 0.08
  /// The largest axis ratio.
  public var axisRatio: Double = 1.35
  /// The distance of neighbours in a group, in sums of their radii.
  public var spacing = 0.5...0.85
  /// Platelets, which are no red cells.
  public var platelets = 4
  /// The standard deviation of the noise, in grey levels.
  public var noise: Double = 2
  /// The fall of the light from one side to the other, as a share.
  public var shading: Double = 0.1

  /// The default recipe: a field of view like those of Chula RBC-12.
  public init() {}
}

/// A drawn smear whose cells are known exactly.
public struct SyntheticSmear: Sendable {
  /// The picture.
  public let image: RGBImage
  /// The whole ellipses, hidden parts included, in reading order; `area` counts visible pixels.
  public let cells: [SmearCell]
  /// The visible pixels of each cell: its id, 0 elsewhere. Later cells lie on top.
  public let labels: Plane<UInt16>

  /// Smear number `index` of `seed`.
  ///
  /// Groups are made as in OverArt (Miró-Nicolau et al., 2024): a first ellipse, the others between a smallest and a
  /// largest distance from one before, none mostly hidden. Groups and single cells keep apart.
  public init(recipe: SyntheticSmearRecipe, seed: UInt64, index: Int) {
    var stream = RandomStream(seed: seed, purpose: "smear", indices: index)
    let groups = placedGroups(recipe, &stream)
    let drawn = groups.enumerated().flatMap { number, group in group.map { (ellipse: $0, clump: number + 1) }
    }
    var owner = Plane<UInt16>(width: recipe.size.x, height: recipe.size.y, filledWith: 0)
    for (number, cell) in drawn.enumerated() {
      for y in clamped(
        Double(cell.ellipse.rows.lowerBound), Double(cell.ellipse.rows.upperBound), owner.height)
      {
        guard let columns = cell.ellipse.columns(inRow: y) else { continue }
        for x in clamped(Double(columns.lowerBound), Double(columns.upperBound), owner.width)
        where columns.contains(x) {
          owner[x, y] = UInt16(number + 1)
        }
      }
    }
    var areas = [Int](repeating: 0, count: drawn.count + 1)
    owner.withPixels { for id in $0 { areas[Int(id)] += 1 } }
    let order = drawn.indices.filter { areas[$0 + 1] > 0 }.sorted {
      let (a, b) = (drawn[$0].ellipse.center, drawn[$1].ellipse.center)
      return (a.y, a.x) < (b.y, b.x)
    }
    var ids = [UInt16](repeating: 0, count: drawn.count + 1)
    cells = order.enumerated().map { place, number in
      ids[number + 1] = UInt16(place + 1)
      let (ellipse, half) = (drawn[number].ellipse, drawn[number].ellipse.halfExtents)
      let (low, high) = (ellipse.center - half, ellipse.center + half)
      let inside =
        low.min() >= 0 && high.x <= Double(recipe.size.x - 1) && high.y <= Double(recipe.size.y - 1)
      return SmearCell(
        id: place + 1, ellipse: ellipse, area: areas[number + 1], clump: drawn[number].clump, fit: .single,
        touchesBorder: !inside)
    }
    labels = owner.map { ids[Int($0)] }
    image = painted(recipe, drawn.map(\.ellipse), &stream)
  }
}

/// Groups of ellipses that keep apart from each other; a group for which no room is found is left out.
private func placedGroups(_ recipe: SyntheticSmearRecipe, _ stream: inout RandomStream) -> [[Ellipse]] {
  var groups: [[Ellipse]] = []
  let sizes =
    (0..<recipe.clumps).map { _ in stream.integer(recipe.cellsPerClump) }.sorted(by: >)
    + Array(repeating: 1, count: recipe.singleCells)
  for size in sizes {
    for _ in 0..<200 {
      guard let group = group(of: size, recipe, &stream) else { continue }
      let apart = groups.joined().allSatisfy { other in
        group.allSatisfy { cell in
          let gap = cell.center - other.center
          let reach = cell.semiAxes.x + other.semiAxes.x + 0.25 * recipe.radius
          return (gap * gap).sum() > reach * reach
        }
      }
      if apart {
        groups.append(group)
        break
      }
    }
  }
  return groups
}

/// One group inside the picture, nil where a cell would be mostly hidden.
private func group(
  of size: Int, _ recipe: SyntheticSmearRecipe, _ stream: inout RandomStream
) -> [Ellipse]? {
  func cell(at center: SIMD2<Double>) -> Ellipse {
    let radius = recipe.radius * exp(recipe.sizeSpread * Double(stream.normal()))
    let ratio = (1 + (recipe.axisRatio - 1) * stream.uniformDouble()).squareRoot()
    return Ellipse(
      center: center, semiAxes: [radius * ratio, radius / ratio], angle: .pi * stream.uniformDouble())
  }
  let extent = SIMD2(Double(recipe.size.x), Double(recipe.size.y))
  var cells = [cell(at: [extent.x * stream.uniformDouble(), extent.y * stream.uniformDouble()])]
  while cells.count < size {
    let anchor = cells[stream.integer(0...(cells.count - 1))]
    let turn = 2 * .pi * stream.uniformDouble()
    let share =
      recipe.spacing.lowerBound
      + (recipe.spacing.upperBound - recipe.spacing.lowerBound) * stream.uniformDouble()
    let next = cell(at: anchor.center + SIMD2(cos(turn), sin(turn)) * (2 * recipe.radius * share))
    let clear = cells.allSatisfy { other in
      let gap = other.center - next.center
      return (gap * gap).sum().squareRoot() >= 2 * recipe.radius * recipe.spacing.lowerBound
    }
    guard clear else { return nil }
    cells.append(next)
  }
  let margin = size == 1 ? -0.3 * recipe.radius : recipe.radius * 1.2
  let inside = cells.allSatisfy { cell in
    cell.center.min() > margin && cell.center.x < extent.x - margin && cell.center.y < extent.y - margin
  }
  return inside ? cells : nil
}

/// Light that falls through the cells: each absorbs, most at its rim, so that overlaps are darker.
private func painted(
  _ recipe: SyntheticSmearRecipe, _ ellipses: [Ellipse], _ stream: inout RandomStream
) -> RGBImage {
  let (width, height) = (recipe.size.x, recipe.size.y)
  var density = Plane<Float>(width: width, height: height, filledWith: 0)
  for ellipse in ellipses {
    let (strength, pallor) = (0.42 + 0.12 * stream.uniformDouble(), 0.25 + 0.4 * stream.uniformDouble())
    let half = ellipse.halfExtents + 2
    for y in clamped(ellipse.center.y - half.y, ellipse.center.y + half.y, height) {
      for x in clamped(ellipse.center.x - half.x, ellipse.center.x + half.x, width) {
        let place = SIMD2(Double(x), Double(y))
        let edge = min(1, max(0, 0.5 - ellipse.signedDistance(place)))
        let radius = ellipse.normalizedRadius(place)
        let dip = pallor * exp(-radius * radius / (2 * 0.3 * 0.3))
        density[x, y] += Float(edge * strength * (1 - dip))
      }
    }
  }
  var stain = Plane<Float>(width: width, height: height, filledWith: 0)
  for _ in 0..<recipe.platelets {
    let center = SIMD2(Double(width) * stream.uniformDouble(), Double(height) * stream.uniformDouble())
    let radius = recipe.radius * (0.12 + 0.1 * stream.uniformDouble())
    let platelet = Ellipse(center: center, semiAxes: [radius, radius], angle: 0)
    for y in clamped(center.y - radius - 1, center.y + radius + 1, height) {
      for x in clamped(center.x - radius - 1, center.x + radius + 1, width) {
        let edge = 0.5 - platelet.signedDistance([Double(x), Double(y)])
        stain[x, y] += Float(min(1, max(0, edge)))
      }
    }
  }
  let slide = SIMD3<Float>(196, 206, 208)
  // Absorption of haemoglobin with eosin, and of azure, in red, green and blue.
  let (redCell, azure) = (SIMD3<Float>(0.35, 1, 0.75), SIMD3<Float>(0.8, 1.1, 0.3))
  let turn = 2 * Double.pi * stream.uniformDouble()
  let slope = SIMD2(cos(turn), sin(turn)) * recipe.shading / Double(width)
  var image = RGBImage(width: width, height: height, color: [0, 0, 0])
  for y in 0..<height {
    for x in 0..<width {
      let light = Float(
        1 + slope.x * (Double(x) - Double(width) / 2) + slope.y * (Double(y) - Double(height) / 2))
      let absorbed = redCell * density[x, y] + azure * stain[x, y]
      var color = SIMD3<UInt8>.zero
      for channel in 0..<3 {
        let value = slide[channel] * light * exp(-absorbed[channel]) + Float(recipe.noise) * stream.normal()
        color[channel] = UInt8(min(255, max(0, value.rounded())))
      }
      image[x, y] = color
    }
  }
  return image
}
