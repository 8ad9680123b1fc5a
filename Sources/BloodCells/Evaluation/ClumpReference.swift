import ImageAnalysis
import Imaging
import Metrics

/// The clumps of one image by which overlap separation is scored, with the labelled cell centres in each.
///
/// A clump is a connected part of a reference foreground, not at the image's border, with two or more labels, and at
/// most 1.35 median cells of area per label: more would hide an unlabelled cell. The median is over the inner parts
/// with one label.
public struct ClumpReference: Sendable {
  /// The foreground whose parts are the clumps; it does not depend on the method scored.
  public enum Foreground: String, Sendable, CaseIterable {
    /// The paper's: CLAHE, blur, Otsu on green, gaps of one or two pixels closed.
    case paper
    /// 3×3 binomial blur and Otsu on green.
    case otsu
  }

  /// The parts of the reference foreground.
  private let components: PlanarComponents
  /// For each clump its region and labels.
  private let clumps: [(region: Int, labels: [SIMD2<Double>])]

  /// The clumps of `image` given the centres of all its cells.
  public init(image: RGBImage, centers: [SIMD2<Double>], foreground: Foreground) {
    switch foreground {
    case .paper:
      components = PaperForeground.clumps(of: PaperForeground.mask(PaperForeground.contrast(image, .init())))
    case .otsu:
      components = PlanarComponents(
        of: PaperForeground.mask(image.channel(1).blurredByBinomial3()).filledHoles())
    }
    var labels: [Int: [SIMD2<Double>]] = [:]
    for center in centers {
      if let region = components.region(at: center) { labels[region, default: []].append(center) }
    }
    let parts = components
    let inner = parts.regions.indices.filter { index in
      let region = parts.regions[index]
      return region.area >= 500 && region.columns.lowerBound > 1 && region.rows.lowerBound > 1
        && region.columns.upperBound < image.width - 1 && region.rows.upperBound < image.height - 1
    }
    let singles = inner.filter { labels[$0]?.count == 1 }.map { parts.regions[$0].area }.sorted()
    let median = singles.isEmpty ? .infinity : Double(singles[singles.count / 2])
    clumps = inner.compactMap { index in
      guard let inside = labels[index], inside.count >= 2,
        Double(parts.regions[index].area) / Double(inside.count) <= 1.35 * median
      else { return nil }
      return (index, inside)
    }
  }

  /// The number of clumps.
  public var count: Int { clumps.count }

  /// How well `centers` fit: in each clump the predicted centres inside it are paired with the labels, nearest pair
  /// first, up to `radius` pixels apart.
  public func scores(of centers: [SIMD2<Double>], radius: Double) -> ClumpScores {
    var inside: [Int: [SIMD2<Double>]] = [:]
    for center in centers {
      if let region = components.region(at: center) { inside[region, default: []].append(center) }
    }
    return ClumpScores(
      clumps.map { clump in
        let matching = PointMatching.greedy(
          predicted: inside[clump.region] ?? [], reference: clump.labels, radius: radius)
        return .init(expected: clump.labels.count, counts: matching.counts)
      })
  }

  /// The boxes and labels of the clumps, for pictures of what went wrong.
  public var boxes: [(columns: Range<Int>, rows: Range<Int>, labels: [SIMD2<Double>])] {
    clumps.map { (components.regions[$0.region].columns, components.regions[$0.region].rows, $0.labels) }
  }
}

extension PlanarComponents {
  /// The region at the pixel nearest to `point`, nil in the background or outside.
  func region(at point: SIMD2<Double>) -> Int? {
    let (x, y) = (Int(point.x.rounded()), Int(point.y.rounded()))
    guard labels.contains(x, y), labels[x, y] != 0 else { return nil }
    return Int(labels[x, y]) - 1
  }
}
