/// What the stages of vessels need, in bytes: as measured on volumes of 0.6 to 25 million voxels, rounded up. Pages that
/// an earlier stage gave back may still count as held, so no stage is put far below the one before it.
extension PrepareAngiography {
  /// The stored voxels, the image and the scaled image.
  func memoryEstimate(for size: CaseSize) -> Int { size.fileBytes + size.storedBytes + 9 * size.elements }
}

extension EnhanceVessels {
  /// The image, the smoothed one, the answer and the running best, and the slabs of derivatives.
  func memoryEstimate(for size: CaseSize) -> Int { 20 * size.elements + (4 << 20) }
}

extension ThresholdVessels {
  /// One or two maps and the labels of components.
  func memoryEstimate(for size: CaseSize) -> Int { 17 * size.elements }
}

extension CleanVessels {
  /// The mask twice and the labels of components.
  func memoryEstimate(for size: CaseSize) -> Int { 12 * size.elements }
}

extension EvaluateVessels {
  /// Two masks, two distance maps and a skeleton.
  func memoryEstimate(for size: CaseSize) -> Int { 17 * size.elements }
}

extension ReportVessels {
  /// The image, the masks, and the pictures as text.
  func memoryEstimate(for size: CaseSize) -> Int { 18 * size.elements + (8 << 20) }
}
