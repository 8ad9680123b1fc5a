import Foundation
import ImageAnalysis
import Imaging

/// What stands out from the background of a smear, and how large its cells are.
public struct SmearForeground: Sendable {
  /// Values of `mask`.
  public enum Value {
    /// Empty slide.
    public static let background: UInt8 = 0
    /// A cell.
    public static let cell: UInt8 = 1
    /// As bright as the slide but enclosed by a cell: its pale centre.
    public static let pale: UInt8 = 2
    /// A needle, a scale bar, a white cell: neither cell nor background.
    public static let foreign: UInt8 = 3
  }

  /// For each pixel a `Value`.
  public var mask: PlanarMask
  /// The radius of the modal single cell, in pixels; nil without cells.
  public var cellRadius: Double?
  /// What was taken out of the mask.
  public var rejected: [SeparatedSmear.Rejected]

  /// A foreground made elsewhere, such as read from a file.
  public init(mask: PlanarMask, cellRadius: Double?, rejected: [SeparatedSmear.Rejected]) {
    self.mask = mask
    self.cellRadius = cellRadius
    self.rejected = rejected
  }

  /// The foreground of a balanced smear.
  public init(of smear: BalancedSmear, parameters: ForegroundParameters) {
    let green = smear.image.channel(1).blurredByBinomial3()
    guard let threshold = cellThreshold(green.histogram(), parameters) else {
      self.init(
        mask: PlanarMask(width: green.width, height: green.height, filledWith: Value.background),
        cellRadius: nil, rejected: [])
      return
    }
    var mask = green.map { Int($0) <= threshold ? Value.cell : Value.background }
    let radius = modalCellRadius(mask)
    var rejected: [SeparatedSmear.Rejected] = []
    if let radius {
      rejected = removeForeignObjects(from: &mask, image: smear.image, radius: radius, parameters)
      fillPaleCenters(of: &mask, cellArea: .pi * radius * radius, parameters)
    }
    self.init(mask: mask, cellRadius: radius, rejected: rejected)
  }
}

/// The constants that decide what is foreground.
public struct ForegroundParameters: Sendable, Hashable {
  /// Where between the background's and the cells' mean grey level the threshold lies, from the background.
  public var thresholdShare = 0.45
  /// The threshold lies at least this many standard deviations of the background's noise below it.
  public var noiseMargin = 2.5
  /// Cells are at least this many grey levels darker than the slide.
  public var leastContrast = 12.0
  /// Enclosed bright parts up to this size, in modal cell areas, are pale centres or harmless gaps.
  public var palestHole = 1.0
  /// The same for bright parts that a cell and the image's border enclose.
  public var palestBay = 0.25
  /// A foreign object absorbs this many times the red light of an average cell.
  public var foreignRedFactor = 3.5
  /// And at least this much more, in natural units of absorbance.
  public var foreignRedExcess = 0.2
  /// Foreign objects smaller than this, in modal cell areas, stay: inclusions of cells.
  public var smallestForeign = 0.12

  /// The values tuned on two slides of Chula RBC-12.
  public init() {}
}

/// The grey level that parts cells from background, nil where nothing stands out.
private func cellThreshold(_ histogram: [Int], _ parameters: ForegroundParameters) -> Int? {
  let otsu = otsuThreshold(ofHistogram: histogram)
  let level = Double(BalancedSmear.backgroundLevel)
  func mean(_ levels: Range<Int>, _ value: (Double) -> Double) -> Double? {
    let count = levels.reduce(0) { $0 + histogram[$1] }
    return count == 0
      ? nil : levels.reduce(0.0) { $0 + value(Double($1)) * Double(histogram[$1]) } / Double(count)
  }
  guard let dark = mean(0..<(otsu + 1), { $0 }), level - dark >= parameters.leastContrast else { return nil }
  // The bright side of the background holds noise only; the dark side also holds the cells' edges.
  let noise = (mean(Int(level)..<256) { ($0 - level) * ($0 - level) } ?? 0).squareRoot()
  let depth = max(parameters.thresholdShare * (level - dark), parameters.noiseMargin * noise)
  return max(otsu, Int(level - depth))
}

/// The radius of the most frequent size of convex parts of the foreground.
///
/// The mode of a kernel density of log areas over parts inside the image. Parts weigh more the larger and the more convex
/// they are: platelets are many but small, clumps are large but dented.
func modalCellRadius(_ mask: PlanarMask) -> Double? {
  let filled = PlanarComponents(of: mask.filledHoles())
  let parts = filled.regions.indices.compactMap { index -> (logArea: Double, weight: Double)? in
    let region = filled.regions[index]
    guard region.area >= 60, !region.touchesBorder(width: mask.width, height: mask.height),
      region.columns.count < 3 * region.rows.count, region.rows.count < 3 * region.columns.count
    else { return nil }
    let outline = Polygon(filled.outerContour(ofRegion: index))
    let hull = outline.convexHull.area
    let convexity = hull > 0 ? min(1, (outline.area / hull - 0.9) / 0.07) : 0
    return convexity > 0 ? (log(Double(region.area)), convexity * convexity * Double(region.area)) : nil
  }
  func density(_ place: Double) -> Double {
    parts.reduce(0) { sum, part in
      let z = (part.logArea - place) / 0.15
      return sum + part.weight * exp(-z * z / 2)
    }
  }
  guard let mode = parts.map(\.logArea).max(by: { density($0) < density($1) }) else { return nil }
  let near = parts.filter { abs($0.logArea - mode) < 0.3 }
  let mean = near.reduce(0) { $0 + $1.logArea } / Double(near.count)
  return (exp(mean) / .pi).squareRoot()
}

/// Marks bright parts that cells enclose, or cells and the image's border, as pale unless they are too large.
private func fillPaleCenters(of mask: inout PlanarMask, cellArea: Double, _ parameters: ForegroundParameters)
{
  let background = mask.backgroundComponents()
  let isPale = background.regions.map { region in
    let isCut = region.touchesBorder(width: mask.width, height: mask.height)
    return Double(region.area) <= cellArea * (isCut ? parameters.palestBay : parameters.palestHole)
  }
  let labels = background.labels
  mask.withMutablePixels { pixels in
    labels.withPixels { labels in
      for index in pixels.indices where labels[index] != 0 && isPale[Int(labels[index]) - 1] {
        pixels[index] = SmearForeground.Value.pale
      }
    }
  }
}
