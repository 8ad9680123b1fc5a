/// The kinds of voxel a NIfTI file can hold that this package reads.
public enum NIfTIDatatype: Int16, Hashable, Sendable, Codable, CaseIterable, CustomStringConvertible {
  /// Whole numbers without sign, of 8, 16, 32 and 64 bits.
  case uint8 = 2, uint16 = 512, uint32 = 768, uint64 = 1280
  /// Whole numbers with a sign.
  case int8 = 256, int16 = 4, int32 = 8, int64 = 1024
  /// Floating-point numbers of 32 and 64 bits.
  case float32 = 16, float64 = 64

  /// The bytes of one voxel.
  public var byteCount: Int {
    switch self {
    case .uint8, .int8: 1
    case .int16, .uint16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64: 8
    }
  }

  /// Whether voxels can be NaN or infinite.
  public var isFloatingPoint: Bool { self == .float32 || self == .float64 }

  /// The name that nibabel and this package's reports use, such as `int16`.
  public var description: String {
    switch self {
    case .uint8: "uint8"
    case .int16: "int16"
    case .int32: "int32"
    case .float32: "float32"
    case .float64: "float64"
    case .int8: "int8"
    case .uint16: "uint16"
    case .uint32: "uint32"
    case .int64: "int64"
    case .uint64: "uint64"
    }
  }

  /// What the standard calls the codes that are not read, for the message that says so.
  static func unsupportedName(_ code: Int) -> String? {
    switch code {
    case 1: "binary (1 bit a voxel)"
    case 32: "complex64"
    case 128: "RGB24"
    case 1536: "float128"
    case 1792: "complex128"
    case 2048: "complex256"
    case 2304: "RGBA32"
    default: nil
    }
  }
}
