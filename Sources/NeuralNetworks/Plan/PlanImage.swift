/// An image in a plan's arena: channels last, so that a pixel's channels are neighbours; a part of a concatenation is an
/// image whose pixels lie farther apart than its channels fill.
struct PlanImage: Equatable {
  /// The buffer of the arena.
  var buffer: Int
  /// The channel of the buffer's pixels at which this image begins.
  var firstChannel = 0
  /// Scalars from one pixel to the next.
  var pixelStride: Int
  var channels: Int
  var batch: Int
  /// Depth, height, width; depth 1 where the network has two spatial axes.
  var extents: SIMD3<Int>

  /// Positions of one sample.
  var pixels: Int { extents[0] * extents[1] * extents[2] }
  /// Positions of all samples.
  var rows: Int { batch * pixels }
  var isDense: Bool { pixelStride == channels }
}

/// An image at its place in memory.
struct ImageView<Scalar: ImageScalar> {
  let base: UnsafeMutablePointer<Scalar>
  let stride: Int
  let channels: Int
  let rows: Int
  let pixels: Int

  /// The first channel of a pixel; samples follow each other.
  @inline(__always) subscript(row: Int) -> UnsafeMutablePointer<Scalar> { base + row * stride }
}
