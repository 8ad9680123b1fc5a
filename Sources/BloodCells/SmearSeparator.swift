import Foundation
import ImageAnalysis
import Imaging
import Numerics

/// Which method finds and separates the cells.
public enum SeparationPreset: String, Sendable, Codable, CaseIterable {
  /// Scale-free, with a joint choice among candidate ellipses.
  case best
  /// Naruenatthanaset et al. (arXiv 2012.01321) with its constants; for 640×480 images at 1000×.
  case paper
}

/// From an image to its separated cells.
public struct SmearSeparator: Sendable {
  /// The method.
  public let preset: SeparationPreset

  /// A separator that uses `preset`.
  public init(preset: SeparationPreset) { self.preset = preset }

  /// The red cells of `image`.
  public func callAsFunction(_ image: RGBImage) throws(BloodCellsError) -> SeparatedSmear {
    switch preset {
    case .paper:
      let parameters = PaperParameters()
      return try PaperSeparation(parameters: parameters)(
        PaperForeground.mask(PaperForeground.contrast(image, parameters)))
    case .best: return try SmearSeparator.best(try BalancedSmear(image))
    }
  }

  /// The red cells of a balanced image by the preset `best`, for callers that need the balanced image as well.
  public static func best(_ smear: BalancedSmear) throws(BloodCellsError) -> SeparatedSmear {
    let foreground = SmearForeground(of: smear, parameters: .init())
    let result = try separate(foreground, parameters: .init())
    try requireCells(result, of: foreground)
    return result
  }

  /// The cells of a foreground, by the joint choice among candidate ellipses.
  public static func separate(
    _ foreground: SmearForeground, parameters: SeparationParameters
  ) throws(BloodCellsError) -> SeparatedSmear {
    let (mask, width, height) = (foreground.mask, foreground.mask.width, foreground.mask.height)
    guard let radius = foreground.cellRadius else {
      if mask.insideCount * 50 > width * height {
        throw .notASmear(reason: "nothing of what stands out from the background has a cell's convex shape")
      }
      return try .assembling(
        [], width: width, height: height, reach: 1.4, smallestCut: 0, rejected: foreground.rejected)
    }
    let components = PlanarComponents(of: mask.map { $0 == SmearForeground.Value.foreign ? 0 : $0 })
    let cellArea = Double.pi * radius * radius
    var rejected = foreground.rejected
    var regions: [Int] = []
    for (index, region) in components.regions.enumerated() {
      let cut = region.touchesBorder(width: width, height: height)
      let size = Double(region.area) / cellArea
      if size >= (cut ? parameters.smallestCutCell : parameters.smallestCell)
        && size <= parameters.largestClump
      {
        regions.append(index)
      } else {
        rejected.append(
          .init(reason: size > 1 ? .tooLarge : .small, center: region.middle, area: region.area))
      }
    }
    let chosen = regions
    let found = Parallel.mapSlabs(of: chosen.indices, count: max(1, chosen.count)) { slab in
      slab.map { position -> SeparatedClump in
        let region = components.regions[chosen[position]]
        var local = components.mask(ofRegion: chosen[position])
        for y in region.rows {
          for x in region.columns where mask[x, y] == SmearForeground.Value.pale {
            let (lx, ly) = (x - region.columns.lowerBound, y - region.rows.lowerBound)
            if local[lx, ly] != 0 { local[lx, ly] = SmearForeground.Value.pale }
          }
        }
        return ClumpProblem(
          mask: local, origin: [region.columns.lowerBound, region.rows.lowerBound], foreground: mask,
          radius: radius, parameters: parameters
        ).separated()
      }
    }.flatMap(\.self)
    let result = try SeparatedSmear.assembling(
      found, width: width, height: height, reach: 1.4,
      smallestCut: parameters.smallestCutCell * cellArea, rejected: rejected)
    return result
  }

  /// Refuses a picture of something else: most of what stands out has no cell's shape.
  public static func requireCells(
    _ smear: SeparatedSmear, of foreground: SmearForeground
  ) throws(BloodCellsError) {
    let foregroundPixels = foreground.mask.pixels.reduce(0) {
      $0 + ($1 == SmearForeground.Value.cell ? 1 : 0)
    }
    let all = smear.labels.width * smear.labels.height
    guard foregroundPixels * 50 > all else { return }
    let plausible = smear.cells.reduce(0) { sum, cell in
      let visible = Double(cell.area) / max(1, cell.ellipse.area)
      return sum
        + (cell.fit != .failed && visible < 1.25 && (visible > 0.4 || cell.touchesBorder) ? cell.area : 0)
    }
    let share = 100 * plausible / foregroundPixels
    if share < 40 {
      throw .notASmear(
        reason: "only \(share) % of what stands out from the background has the shape of cells")
    }
  }
}

extension PlanarComponents.Region {
  /// The middle of the box.
  var middle: SIMD2<Double> {
    SIMD2(
      Double(columns.lowerBound + columns.upperBound - 1), Double(rows.lowerBound + rows.upperBound - 1)) / 2
  }
}
