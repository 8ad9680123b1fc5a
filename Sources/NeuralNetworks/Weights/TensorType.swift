/// The element types of a safetensors file.
public enum TensorType: String, Hashable, Sendable, Codable, CaseIterable {
  /// Truth values, a byte each.
  case bool = "BOOL"
  /// Whole numbers.
  case uint8 = "U8"
  /// Whole numbers.
  case int8 = "I8"
  /// Whole numbers.
  case uint16 = "U16"
  /// Whole numbers.
  case int16 = "I16"
  /// Whole numbers.
  case uint32 = "U32"
  /// Whole numbers.
  case int32 = "I32"
  /// Whole numbers.
  case uint64 = "U64"
  /// Whole numbers.
  case int64 = "I64"
  /// Eight-bit floating point; kept as bytes, not converted.
  case float8E4M3 = "F8_E4M3"
  /// Eight-bit floating point; kept as bytes, not converted.
  case float8E5M2 = "F8_E5M2"
  /// IEEE half precision.
  case float16 = "F16"
  /// Brain floating point.
  case bfloat16 = "BF16"
  /// IEEE single precision.
  case float32 = "F32"
  /// IEEE double precision.
  case float64 = "F64"

  /// Bytes of an element.
  public var size: Int {
    switch self {
    case .bool, .uint8, .int8, .float8E4M3, .float8E5M2: 1
    case .uint16, .int16, .float16, .bfloat16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    }
  }
}
