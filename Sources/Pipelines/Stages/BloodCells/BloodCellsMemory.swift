/// What the stages of smears need, in bytes for each pixel of the picture; the others need less than the default.
extension SeparateCells {
  /// The picture in colour, its planes, the ids, and the candidates of the clumps.
  func memoryEstimate(for size: CaseSize) -> Int { 32 * size.elements + (8 << 20) }
}

extension ReportCells {
  /// The picture, the overlay and both as text.
  func memoryEstimate(for size: CaseSize) -> Int { 32 * size.elements + (8 << 20) }
}
