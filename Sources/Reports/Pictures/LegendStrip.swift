import Imaging

extension RGBImage {
  /// The image above a white strip that says what colours stand for: a swatch and a text for each entry, as many side by side
  /// as fit.
  ///
  /// Nothing of the image is covered and no pixel moves. Letters are about a fortieth of the image's width high; a text that
  /// is wider than the image loses its end.
  public func withLegend(_ entries: [LegendEntry]) -> RGBImage {
    guard let longest = entries.map(\.text.count).max() else { return self }
    let scale = max(1, (width + 200) / 400)
    let (swatch, margin, line) = (7 * scale, 4 * scale, (PixelText.height + 3) * scale)
    let column = swatch + margin + longest * PixelText.advance * scale + 2 * margin
    let columns = max(1, (width - margin) / column)
    let rows = (entries.count + columns - 1) / columns
    var result = RGBImage(width: width, height: height + rows * line + margin, color: [255, 255, 255])
    result.samples.replaceSubrange(0..<samples.count, with: samples)
    for (index, entry) in entries.enumerated() {
      let corner = SIMD2(margin + index % columns * column, height + margin + index / columns * line)
      for y in corner.y..<corner.y + swatch {
        for x in corner.x..<min(width, corner.x + swatch) { result[x, y] = entry.color.rgb }
      }
      PixelText.draw(
        entry.text, at: corner &+ SIMD2(swatch + margin, 0), scale: scale, color: [0, 0, 0], on: &result)
    }
    return result
  }
}
