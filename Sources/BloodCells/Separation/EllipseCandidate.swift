import Foundation
import ImageAnalysis

/// One ellipse that may be a cell of a clump, and what it explains.
struct EllipseCandidate: Sendable {
  let ellipse: Ellipse
  let fit: SmearCell.Fit
  /// The foreground samples it covers, one bit each.
  let foreground: [UInt64]
  /// The background samples it covers.
  let background: [UInt64]
  /// For each contour point 0 on the ellipse's outline up to 255 out of its reach.
  let gaps: [UInt8]
  /// What the ellipse costs by itself, whatever the others are.
  let price: Double
}

/// The sample points of a clump on a coarse grid: foreground to be covered, background to be left alone; pale centres
/// and what lies outside the image are neither.
struct ClumpSamples: Sendable {
  /// What lies under a sample.
  enum Kind: UInt8 { case outside, background, foreground, pale }

  let step: Int
  let columns: Int
  let rows: Int
  /// The pixel of the first sample in the clump's own coordinates.
  let origin: SIMD2<Int>
  /// For each sample its kind.
  let kinds: [Kind]
  /// For each sample its place among those of its kind.
  let places: [Int32]
  let foregroundCount: Int
  let backgroundCount: Int

  /// - Parameters:
  ///   - kind: What lies under a pixel in the clump's own coordinates.
  init(width: Int, height: Int, margin: Int, step: Int, kind: (Int, Int) -> Kind) {
    self.step = step
    origin = [-margin, -margin]
    columns = (width + 2 * margin + step - 1) / step
    rows = (height + 2 * margin + step - 1) / step
    var (kinds, places) = ([Kind](), [Int32]())
    var counts = [Int32](repeating: 0, count: 4)
    for row in 0..<rows {
      for column in 0..<columns {
        let found = kind(column * step - margin, row * step - margin)
        kinds.append(found)
        places.append(counts[Int(found.rawValue)])
        counts[Int(found.rawValue)] += 1
      }
    }
    self.kinds = kinds
    self.places = places
    foregroundCount = Int(counts[Int(Kind.foreground.rawValue)])
    backgroundCount = Int(counts[Int(Kind.background.rawValue)])
  }

  /// The samples inside `ellipse`, and how many of all kinds there are.
  func covered(by ellipse: Ellipse) -> (foreground: [UInt64], background: [UInt64], pale: Int, outside: Int) {
    var foreground = [UInt64](repeating: 0, count: (foregroundCount + 63) / 64)
    var background = [UInt64](repeating: 0, count: (backgroundCount + 63) / 64)
    var (pale, outside) = (0, 0)
    // In units of samples, so that a row's span comes in closed form.
    let scale = Double(step)
    let local = Ellipse(
      center: (ellipse.center - SIMD2(Double(origin.x), Double(origin.y))) / scale,
      semiAxes: ellipse.semiAxes / scale, angle: ellipse.angle)
    let reach = local.halfExtents
    for row in clamped(local.center.y - reach.y, local.center.y + reach.y, rows) {
      guard let span = local.columns(inRow: row) else { continue }
      for column in max(0, span.lowerBound)..<max(0, span.lowerBound, min(columns, span.upperBound + 1)) {
        let sample = row * columns + column
        let place = Int(places[sample])
        switch kinds[sample] {
        case .foreground: foreground[place >> 6] |= 1 << UInt64(place & 63)
        case .background: background[place >> 6] |= 1 << UInt64(place & 63)
        case .pale: pale += 1
        case .outside: outside += 1
        }
      }
    }
    return (foreground, background, pale, outside)
  }
}

/// The number of bits set.
func bitCount(_ bits: [UInt64]) -> Int { bits.reduce(0) { $0 + $1.nonzeroBitCount } }
