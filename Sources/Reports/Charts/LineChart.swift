import Foundation

/// Curves over a common axis, such as a loss over epochs.
public struct LineChart: Sendable {
  /// A curve.
  public struct Curve: Sendable {
    /// Its name.
    public let name: String
    /// Its points; those that are not finite interrupt it.
    public let points: [SIMD2<Double>]

    /// A curve.
    public init(_ name: String, _ points: [SIMD2<Double>]) {
      self.name = name
      self.points = points
    }
  }

  /// How values are spread along the vertical axis.
  public enum Scale: Sendable {
    /// Evenly.
    case linear
    /// By powers of ten; values that are not positive are left out.
    case logarithmic
  }

  /// What is drawn.
  public let title: String
  /// The name of the horizontal axis.
  public let horizontal: String
  /// The curves.
  public let curves: [Curve]
  /// The vertical axis.
  public let scale: Scale

  /// A chart.
  public init(title: String, horizontal: String, curves: [Curve], scale: Scale = .linear) {
    self.title = title
    self.horizontal = horizontal
    self.curves = curves
    self.scale = scale
  }

  private static let size = SIMD2<Double>(640, 260)
  private static let margin = (left: 64.0, right: 16.0, top: 12.0, bottom: 34.0)

  /// What the template needs: paths and ticks in the units of the drawing.
  var context: [String: Any] {
    let visible = curves.map { $0.points.filter { isDrawable($0) } }
    let all = visible.flatMap { $0 }
    let x = Axis(all.map(\.x), scale: .linear)
    let y = Axis(all.map(\.y), scale: scale)
    let (size, margin) = (Self.size, Self.margin)
    func place(_ p: SIMD2<Double>) -> (x: Double, y: Double) {
      (
        margin.left + x.fraction(p.x) * (size.x - margin.left - margin.right),
        size.y - margin.bottom - y.fraction(p.y) * (size.y - margin.top - margin.bottom)
      )
    }
    let colors: [PaletteColor] = [.blue, .vermilion, .green, .purple, .orange, .sky, .yellow]
    return [
      "title": title, "horizontal": horizontal, "width": "\(Int(size.x))",
      "height": "\(Int(size.y))",
      "left": "\(margin.left)", "right": "\(size.x - margin.right)",
      "bottom": "\(size.y - margin.bottom)",
      "middle": "\((size.x + margin.left) / 2)", "base": "\(size.y - 4)",
      "curves": curves.indices.map { index -> [String: Any] in
        [
          "name": curves[index].name, "color": colors[index % colors.count].hex,
          "path": path(curves[index].points, place),
        ]
      },
      "rows": y.ticks.map { tick -> [String: Any] in
        let place = place([x.lower, tick])
        return [
          "y": short(place.y), "baseline": short(place.y + 4), "text": NumberText.short(tick),
        ]
      },
      "columns": x.ticks.map { tick -> [String: Any] in
        [
          "x": short(place([tick, y.lower]).x), "baseline": short(size.y - margin.bottom + 15),
          "text": NumberText.short(tick),
        ]
      },
    ]
  }

  private func isDrawable(_ point: SIMD2<Double>) -> Bool {
    point.x.isFinite && point.y.isFinite && (scale == .linear || point.y > 0)
  }

  private func path(_ points: [SIMD2<Double>], _ place: (SIMD2<Double>) -> (x: Double, y: Double))
    -> String
  {
    var result = ""
    var isOpen = false
    for point in points {
      guard isDrawable(point) else {
        isOpen = false
        continue
      }
      let (x, y) = place(point)
      result += "\(isOpen ? "L" : "M")\(short(x)) \(short(y)) "
      isOpen = true
    }
    return result
  }

  private func short(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}

/// The range of an axis and round values on it.
struct Axis {
  let lower: Double
  let upper: Double
  let scale: LineChart.Scale

  init(_ values: [Double], scale: LineChart.Scale) {
    self.scale = scale
    let (low, high) = (values.min() ?? 0, values.max() ?? 1)
    if scale == .logarithmic {
      let bottom = values.isEmpty ? 0 : log10(low).rounded(.down)
      let top = values.isEmpty ? 1 : log10(high).rounded(.up)
      lower = pow(10, bottom)
      upper = pow(10, max(top, bottom + 1))
    } else {
      let step = Axis.step(over: high - low)
      lower = (low / step).rounded(.down) * step
      upper = max(lower + step, (high / step).rounded(.up) * step)
    }
  }

  /// Where `value` lies between the ends, 0 to 1.
  func fraction(_ value: Double) -> Double {
    scale == .logarithmic
      ? (log10(value) - log10(lower)) / (log10(upper) - log10(lower))
      : (value - lower) / (upper - lower)
  }

  /// About five round values from end to end.
  var ticks: [Double] {
    if scale == .logarithmic {
      let (bottom, top) = (Int(log10(lower).rounded()), Int(log10(upper).rounded()))
      return stride(from: bottom, through: top, by: max(1, (top - bottom + 4) / 5)).map {
        pow(10, Double($0))
      }
    }
    let step = Axis.step(over: upper - lower)
    return (0...Int(((upper - lower) / step).rounded())).map { lower + Double($0) * step }
  }

  private static func step(over range: Double) -> Double {
    guard range > 0, range.isFinite else { return 1 }
    let power = pow(10, log10(range / 5).rounded(.down))
    let mantissa = range / 5 / power
    return power * (mantissa < 1.5 ? 1 : mantissa < 3.5 ? 2 : mantissa < 7.5 ? 5 : 10)
  }
}
