/// A two-dimensional single-channel image, row by row from the top, x fastest.
public struct Plane<Scalar: Sendable>: Sendable {
  /// Pixels along x.
  public let width: Int
  /// Pixels along y.
  public let height: Int
  /// The pixels; pixel (x, y) is element `x + width · y`.
  @inlinable public var pixels: [Scalar] { storage }
  @usableFromInline var storage: [Scalar]

  /// An image with every pixel equal to `value`.
  @inlinable public init(width: Int, height: Int, filledWith value: Scalar) {
    self.init(width: width, height: height, pixels: Array(repeating: value, count: width * height))
  }

  /// An image that takes over `pixels`, row by row; their number must be `width · height`.
  @inlinable public init(width: Int, height: Int, pixels: [Scalar]) {
    precondition(pixels.count == width * height, "\(width)×\(height) pixels expected, \(pixels.count) given")
    self.width = width
    self.height = height
    storage = pixels
  }

  /// The value of pixel (x, y).
  @inlinable public subscript(x: Int, y: Int) -> Scalar {
    get { pixels[x + width * y] }
    set { setPixel(x + width * y, newValue) }
  }

  /// Replace the pixel at position `index` in memory.
  @inlinable public mutating func setPixel(_ index: Int, _ value: Scalar) { storage[index] = value }

  /// Whether (x, y) lies inside.
  @inlinable public func contains(_ x: Int, _ y: Int) -> Bool { x >= 0 && y >= 0 && x < width && y < height }

  /// Read the pixels in place.
  @inlinable public func withPixels<Result>(_ body: (UnsafeBufferPointer<Scalar>) throws -> Result) rethrows
    -> Result
  {
    try pixels.withUnsafeBufferPointer(body)
  }

  /// Change the pixels in place.
  @inlinable public mutating func withMutablePixels<Result>(
    _ body: (UnsafeMutableBufferPointer<Scalar>) throws -> Result
  ) rethrows -> Result {
    try storage.withUnsafeMutableBufferPointer { try body($0) }
  }

  /// The image with each pixel replaced by `transform` of it.
  @inlinable public func map<Other: Sendable>(_ transform: (Scalar) throws -> Other) rethrows -> Plane<Other>
  {
    Plane<Other>(width: width, height: height, pixels: try pixels.map(transform))
  }
}

extension Plane: Equatable where Scalar: Equatable {}
