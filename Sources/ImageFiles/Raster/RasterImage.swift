import Imaging

/// A picture read from a PNG or JPEG file.
public struct RasterImage: Sendable {
  /// The pixels as the file has them, in one of three forms.
  public enum Pixels: Equatable, Sendable {
    /// Grey with up to 8 bits; 1, 2 and 4 bits are spread over 0…255.
    case gray8(Plane<UInt8>)
    /// Grey with 16 bits.
    case gray16(Plane<UInt16>)
    /// Colour, 8 bits a channel (16-bit colour is rounded to 8).
    case rgb(RGBImage)
  }

  /// The pixels.
  public let pixels: Pixels
  /// `PNG` or `JPEG`.
  public let format: String
  /// What was noticed.
  public let findings: [Finding]

  /// Pixels along x.
  public var width: Int {
    switch pixels {
    case .gray8(let plane): plane.width
    case .gray16(let plane): plane.width
    case .rgb(let image): image.width
    }
  }

  /// Pixels along y.
  public var height: Int {
    switch pixels {
    case .gray8(let plane): plane.height
    case .gray16(let plane): plane.height
    case .rgb(let image): image.height
    }
  }

  /// The picture in colour; grey is repeated in the three channels, 16 bits are rounded to 8.
  public var rgb: RGBImage {
    func colored(_ grays: [UInt8]) -> RGBImage {
      RGBImage(width: width, height: height, samples: grays.flatMap { [$0, $0, $0] })
    }
    switch pixels {
    case .gray8(let plane): return colored(plane.pixels)
    case .gray16(let plane): return colored(plane.pixels.map { UInt8((UInt32($0) * 255 + 32895) >> 16) })
    case .rgb(let image): return image
    }
  }

  /// The pixels of a grey picture as label values, or nil for a picture in colour.
  public var labels: Plane<Int32>? {
    switch pixels {
    case .gray8(let plane): plane.map { Int32($0) }
    case .gray16(let plane): plane.map { Int32($0) }
    case .rgb: nil
    }
  }
}
