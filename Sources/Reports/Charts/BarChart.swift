/// Horizontal bars, one a case.
public struct BarChart: Sendable {
  /// A bar.
  public struct Bar: Sendable {
    /// Its name.
    public let label: String
    /// Its length; nil draws none and says `n/a`.
    public let value: Double?
    /// A relative address, or nil.
    public let link: String?

    /// A bar.
    public init(_ label: String, _ value: Double?, link: String? = nil) {
      self.label = label
      self.value = value
      self.link = link
    }
  }

  /// What is drawn.
  public let title: String
  /// The bars from top to bottom.
  public let bars: [Bar]
  /// The value of a full bar.
  public let maximum: Double

  /// A chart.
  public init(title: String, bars: [Bar], maximum: Double = 1) {
    self.title = title
    self.bars = bars
    self.maximum = maximum
  }

  /// What the template needs.
  var context: [String: Any] {
    [
      "title": title,
      "bars": bars.map { bar -> [String: Any] in
        let share = bar.value.map { max(0, min(1, $0 / maximum)) } ?? 0
        return [
          "label": bar.label, "value": NumberText.short(bar.value),
          "percent": NumberText.short(share * 100),
          "link": bar.link.map { ["href": $0] as [String: Any] } as Any,
        ]
      },
    ]
  }
}
