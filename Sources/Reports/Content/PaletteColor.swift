/// Colours that people with any colour vision tell apart (Okabe and Ito, "Color Universal Design", 2008), and for more than
/// seven kinds of things darker ones of Paul Tol's muted scheme.
public enum PaletteColor: Int, Sendable, CaseIterable {
  /// Bluish green: true positive.
  case green
  /// Vermilion: false positive.
  case vermilion
  /// Sky blue: false negative.
  case sky
  /// Orange: a mask without a label.
  case orange
  /// Yellow.
  case yellow
  /// Blue.
  case blue
  /// Reddish purple.
  case purple
  /// Indigo.
  case indigo
  /// Wine.
  case wine
  /// Olive.
  case olive
  /// Rose.
  case rose
  /// Grey.
  case gray
  /// Black.
  case black

  /// A true positive.
  public static let truePositive = green
  /// A false positive.
  public static let falsePositive = vermilion
  /// A false negative.
  public static let falseNegative = sky

  /// Red, green and blue, 0 to 255.
  public var rgb: SIMD3<UInt8> {
    switch self {
    case .green: [0, 158, 115]
    case .vermilion: [213, 94, 0]
    case .sky: [86, 180, 233]
    case .orange: [230, 159, 0]
    case .yellow: [240, 228, 66]
    case .blue: [0, 114, 178]
    case .purple: [204, 121, 167]
    case .indigo: [51, 34, 136]
    case .wine: [136, 34, 85]
    case .olive: [153, 153, 51]
    case .rose: [204, 102, 119]
    case .gray: [136, 136, 136]
    case .black: [0, 0, 0]
    }
  }

  /// As in a style sheet: `#RRGGBB`.
  public var hex: String {
    "#"
      + [rgb.x, rgb.y, rgb.z].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
