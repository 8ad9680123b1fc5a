/// A colour image with 8 bits a channel: red, green, blue interleaved, row by row from the top.
public struct RGBImage: Hashable, Sendable {
  /// Pixels along x.
  public let width: Int
  /// Pixels along y.
  public let height: Int
  /// The samples; channel c of pixel (x, y) is element `3 · (x + width · y) + c`.
  public var samples: [UInt8]

  /// An image that takes over `samples`; their number must be `3 · width · height`.
  public init(width: Int, height: Int, samples: [UInt8]) {
    precondition(samples.count == 3 * width * height, "\(width)×\(height) RGB pixels expected")
    self.width = width
    self.height = height
    self.samples = samples
  }

  /// An image of one colour.
  public init(width: Int, height: Int, color: SIMD3<UInt8>) {
    self.init(width: width, height: height, samples: Array(repeating: 0, count: 3 * width * height))
    for y in 0..<height { for x in 0..<width { self[x, y] = color } }
  }

  /// The colour of pixel (x, y).
  public subscript(x: Int, y: Int) -> SIMD3<UInt8> {
    get {
      let p = 3 * (x + width * y)
      return [samples[p], samples[p + 1], samples[p + 2]]
    }
    set {
      let p = 3 * (x + width * y)
      samples[p] = newValue.x
      samples[p + 1] = newValue.y
      samples[p + 2] = newValue.z
    }
  }

  /// One channel (0 red, 1 green, 2 blue) as an image of its own.
  public func channel(_ channel: Int) -> Plane<UInt8> {
    Plane(
      width: width, height: height, pixels: (0..<width * height).map { samples[3 * $0 + channel] })
  }
}
