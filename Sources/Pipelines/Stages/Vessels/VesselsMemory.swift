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
  /// Two masks, two distance maps and a skeleton; the image for what lies beyond the label.
  func memoryEstimate(for size: CaseSize) -> Int { 24 * size.elements }
}

extension ReportVessels {
  /// The image, the masks, and the pictures as text.
  func memoryEstimate(for size: CaseSize) -> Int { 18 * size.elements + (8 << 20) }
}

extension SegmentVessels {
  /// The image as read and as scaled, the part with signal, the sums and the probabilities; and the network. Flat voxels
  /// are counted as if they became three cubes.
  func memoryEstimate(for size: CaseSize) -> Int { 60 * size.elements + (options.memory << 20) + (256 << 20) }
}

extension AdaptVessels {
  /// As for a segmentation, with the activations and gradients of the training in the network's place where they are more.
  func memoryEstimate(for size: CaseSize) -> Int {
    60 * size.elements + max(options.memory << 20, adaptation.batch * (700 << 20)) + (256 << 20)
  }
}

extension DecideVessels {
  /// Two images, the certainty, depths and the labels of components.
  func memoryEstimate(for size: CaseSize) -> Int { 30 * size.elements }
}
