/// A number of bytes as people write it: `348 bytes`, `1.5 MiB`, `256 TiB`.
package func humanBytes(_ count: Int) -> String {
  let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
  guard count >= 1024 else { return "\(count) bytes" }
  var value = Double(count) / 1024
  var unit = 0
  while value >= 1024, unit < units.count - 1 {
    value /= 1024
    unit += 1
  }
  let rounded = (value * 10).rounded() / 10
  let text = rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  return "\(text) \(units[unit])"
}

/// A number with thousands separated by commas, whatever the locale: `12,582,912`.
package func grouped(_ number: Int) -> String {
  let digits = String(number.magnitude)
  var result = ""
  for (position, digit) in digits.enumerated() {
    if position > 0, (digits.count - position) % 3 == 0 { result.append(",") }
    result.append(digit)
  }
  return (number < 0 ? "-" : "") + result
}
