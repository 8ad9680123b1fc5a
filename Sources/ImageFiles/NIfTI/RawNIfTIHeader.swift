import CNIfTI

/// The fields of a NIfTI header as the bytes have them, before anything is believed.
///
/// Offsets come from the C structs of libnifti2; no function of that library sees bytes that the audit has not
/// passed, because some of them crash it (`dim[0]` = 200) or are accepted wrapped around.
struct RawNIfTIHeader: Equatable {
  /// 1 or 2.
  var version: Int
  var isBigEndian: Bool
  var magic: [UInt8]
  var dim: [Int]
  var pixdim: [Double]
  var datatype: Int
  var bitpix: Int
  var voxOffset: Double
  var slope: Double
  var intercept: Double
  var qformCode: Int
  var sformCode: Int
  /// b, c, d of the unit quaternion.
  var quaternion: SIMD3<Double>
  var qoffset: SIMD3<Double>
  var srows: [SIMD4<Double>]
  var intent: Int
  var units: Int

  static let sizeOfVersion1 = MemoryLayout<nifti_1_header>.size
  static let sizeOfVersion2 = MemoryLayout<nifti_2_header>.size

  /// The version and the byte order that the first four bytes claim, where they claim one.
  static func claim(_ bytes: [UInt8]) -> (version: Int, isBigEndian: Bool)? {
    guard bytes.count >= 4 else { return nil }
    let size = HeaderBytes(bytes: bytes, isBigEndian: false).integer(0, Int32.self)
    for (version, expected) in [(1, sizeOfVersion1), (2, sizeOfVersion2)] {
      if size == expected { return (version, false) }
      if Int(Int32(truncatingIfNeeded: size).byteSwapped) == expected { return (version, true) }
    }
    return nil
  }

  /// Decodes `bytes`, which must hold at least the header of `version`.
  init(_ bytes: [UInt8], version: Int, isBigEndian: Bool) {
    self.version = version
    self.isBigEndian = isBigEndian
    let field = HeaderBytes(bytes: bytes, isBigEndian: isBigEndian)
    if version == 1 {
      typealias H = nifti_1_header
      func at(_ key: PartialKeyPath<H>) -> Int { MemoryLayout<H>.offset(of: key) ?? 0 }
      func real(_ key: PartialKeyPath<H>, _ index: Int = 0) -> Double { field.float(at(key) + 4 * index) }
      func whole(_ key: PartialKeyPath<H>, _ index: Int = 0) -> Int {
        field.integer(at(key) + 2 * index, Int16.self)
      }
      magic = Array(bytes[at(\.magic)..<at(\.magic) + 4])
      dim = (0..<8).map { whole(\.dim, $0) }
      pixdim = (0..<8).map { real(\.pixdim, $0) }
      (datatype, bitpix) = (whole(\.datatype), whole(\.bitpix))
      (voxOffset, slope, intercept) = (real(\.vox_offset), real(\.scl_slope), real(\.scl_inter))
      (qformCode, sformCode) = (whole(\.qform_code), whole(\.sform_code))
      quaternion = [real(\.quatern_b), real(\.quatern_c), real(\.quatern_d)]
      qoffset = [real(\.qoffset_x), real(\.qoffset_y), real(\.qoffset_z)]
      srows = [\H.srow_x, \H.srow_y, \H.srow_z].map { row in
        SIMD4(real(row, 0), real(row, 1), real(row, 2), real(row, 3))
      }
      intent = whole(\.intent_code)
      units = Int(bytes[at(\.xyzt_units)])
    } else {
      typealias H = nifti_2_header
      func at(_ key: PartialKeyPath<H>) -> Int { MemoryLayout<H>.offset(of: key) ?? 0 }
      func real(_ key: PartialKeyPath<H>, _ index: Int = 0) -> Double { field.double(at(key) + 8 * index) }
      func whole(_ key: PartialKeyPath<H>) -> Int { field.integer(at(key), Int32.self) }
      magic = Array(bytes[at(\.magic)..<at(\.magic) + 8])
      dim = (0..<8).map { field.integer(at(\.dim) + 8 * $0, Int64.self) }
      pixdim = (0..<8).map { real(\.pixdim, $0) }
      datatype = field.integer(at(\.datatype), Int16.self)
      bitpix = field.integer(at(\.bitpix), Int16.self)
      voxOffset = Double(field.integer(at(\.vox_offset), Int64.self))
      (slope, intercept) = (real(\.scl_slope), real(\.scl_inter))
      (qformCode, sformCode) = (whole(\.qform_code), whole(\.sform_code))
      quaternion = [real(\.quatern_b), real(\.quatern_c), real(\.quatern_d)]
      qoffset = [real(\.qoffset_x), real(\.qoffset_y), real(\.qoffset_z)]
      srows = [\H.srow_x, \H.srow_y, \H.srow_z].map { row in
        SIMD4(real(row, 0), real(row, 1), real(row, 2), real(row, 3))
      }
      intent = whole(\.intent_code)
      units = whole(\.xyzt_units)
    }
  }
}

/// Numbers at places in the bytes of a header, in its byte order.
private struct HeaderBytes {
  let bytes: [UInt8]
  let isBigEndian: Bool

  func integer<Number: FixedWidthInteger>(_ offset: Int, _: Number.Type) -> Int {
    let value = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Number.self) }
    return Int(truncatingIfNeeded: isBigEndian ? value.bigEndian : value.littleEndian)
  }

  func float(_ offset: Int) -> Double {
    Double(Float(bitPattern: UInt32(truncatingIfNeeded: integer(offset, UInt32.self))))
  }

  func double(_ offset: Int) -> Double {
    Double(bitPattern: UInt64(bitPattern: Int64(integer(offset, Int64.self))))
  }
}
