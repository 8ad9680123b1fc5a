/// A number type that a NIfTI file stores as it is.
public protocol NIfTIScalar: Sendable, BitwiseCopyable {
  /// The datatype of such voxels.
  static var nifti: NIfTIDatatype { get }
}

extension UInt8: NIfTIScalar {
  /// `uint8`.
  public static var nifti: NIfTIDatatype { .uint8 }
}
extension Int8: NIfTIScalar {
  /// `int8`.
  public static var nifti: NIfTIDatatype { .int8 }
}
extension UInt16: NIfTIScalar {
  /// `uint16`.
  public static var nifti: NIfTIDatatype { .uint16 }
}
extension Int16: NIfTIScalar {
  /// `int16`.
  public static var nifti: NIfTIDatatype { .int16 }
}
extension UInt32: NIfTIScalar {
  /// `uint32`.
  public static var nifti: NIfTIDatatype { .uint32 }
}
extension Int32: NIfTIScalar {
  /// `int32`.
  public static var nifti: NIfTIDatatype { .int32 }
}
extension UInt64: NIfTIScalar {
  /// `uint64`.
  public static var nifti: NIfTIDatatype { .uint64 }
}
extension Int64: NIfTIScalar {
  /// `int64`.
  public static var nifti: NIfTIDatatype { .int64 }
}
extension Float: NIfTIScalar {
  /// `float32`.
  public static var nifti: NIfTIDatatype { .float32 }
}
extension Double: NIfTIScalar {
  /// `float64`.
  public static var nifti: NIfTIDatatype { .float64 }
}
