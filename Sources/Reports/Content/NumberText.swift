/// Numbers as people read them.
public enum NumberText {
  /// Three decimals; whole numbers without; `n/a` where undefined.
  public static func short(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "n/a" }
    guard abs(value) < 1e9 else { return "\(value)" }
    if value == value.rounded() { return String(Int(value)) }
    if abs(value) < 0.001 { return "\(value)" }
    let digits = String(Int((abs(value) * 1000).rounded()))
    let padded = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    return (value < 0 ? "-" : "") + padded.dropLast(3) + "." + padded.suffix(3)
  }
}
