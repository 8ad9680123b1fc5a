import Foundation

/// Builds the bytes of a NIfTI file field by field, so that a test can make any of them wrong.
struct NIfTIBytes {
  var version = 1
  var isBigEndian = false
  var header: [UInt8]
  var flags: [UInt8] = [0, 0, 0, 0]
  var body: [UInt8] = []

  /// A valid little-endian file of `shape`, uint8 zeros unless `datatype` says otherwise, 1 mm, sform RAS.
  init(
    shape: [Int] = [3, 4, 5], datatype: Int = 2, bytes: Int = 1, version: Int = 1, isBigEndian: Bool = false
  ) {
    self.version = version
    self.isBigEndian = isBigEndian
    header = [UInt8](repeating: 0, count: version == 1 ? 348 : 540)
    set(.sizeofHeader, version == 1 ? 348 : 540)
    setDimensions(shape)
    set(.datatype, datatype)
    set(.bitpix, 8 * bytes)
    for axis in 0..<8 { set(.pixdim, axis, 1.0) }
    setOffset(version == 1 ? 352 : 544)
    set(.slope, 0, 1.0)
    set(.sformCode, 1)
    for row in 0..<3 { set([Field.srowX, .srowY, .srowZ][row], row, 1.0) }
    setMagic(version == 1 ? "n+1\0" : "n+2\0\r\n\u{1A}\n")
    body = [UInt8](repeating: 0, count: shape.reduce(bytes, *))
  }

  enum Field {
    case sizeofHeader, dim, intent, datatype, bitpix, pixdim, offset, slope, intercept, units, qformCode,
      sformCode
    case quaternionB, quaternionC, quaternionD, qoffsetX, qoffsetY, qoffsetZ, srowX, srowY, srowZ, magic

    /// The place in a NIfTI-1 and a NIfTI-2 header, from the standard's tables.
    var places: (Int, Int) {
      switch self {
      case .sizeofHeader: (0, 0)
      case .dim: (40, 16)
      case .intent: (68, 504)
      case .datatype: (70, 12)
      case .bitpix: (72, 14)
      case .pixdim: (76, 104)
      case .offset: (108, 168)
      case .slope: (112, 176)
      case .intercept: (116, 184)
      case .units: (123, 500)
      case .qformCode: (252, 344)
      case .sformCode: (254, 348)
      case .quaternionB: (256, 352)
      case .quaternionC: (260, 360)
      case .quaternionD: (264, 368)
      case .qoffsetX: (268, 376)
      case .qoffsetY: (272, 384)
      case .qoffsetZ: (276, 392)
      case .srowX: (280, 400)
      case .srowY: (296, 432)
      case .srowZ: (312, 464)
      case .magic: (344, 4)
      }
    }
  }

  /// Sets a whole number of the field's own width.
  mutating func set(_ field: Field, _ value: Int) {
    switch (field, version) {
    case (.sizeofHeader, _): put(field, 0, Int32(truncatingIfNeeded: value))
    case (.units, 1): put(field, 0, UInt8(truncatingIfNeeded: value))
    case (.datatype, _), (.bitpix, _), (_, 1): put(field, 0, Int16(truncatingIfNeeded: value))
    default: put(field, 0, Int32(truncatingIfNeeded: value))
    }
  }

  /// Sets element `index` of a field of real numbers.
  mutating func set(_ field: Field, _ index: Int = 0, _ value: Double) {
    if version == 1 {
      put(field, index, Float(value).bitPattern)
    } else {
      put(field, index, value.bitPattern)
    }
  }

  /// Sets `dim[index]` alone.
  mutating func setDimension(_ index: Int, _ value: Int) {
    if version == 1 {
      put(.dim, index, Int16(truncatingIfNeeded: value))
    } else {
      put(.dim, index, Int64(value))
    }
  }

  /// Sets `dim[0]` and the extents.
  mutating func setDimensions(_ shape: [Int]) {
    setDimension(0, shape.count)
    for axis in 0..<7 { setDimension(axis + 1, axis < shape.count ? shape[axis] : 1) }
  }

  mutating func setOffset(_ value: Double) {
    if version == 1 { set(.offset, 0, value) } else { put(.offset, 0, Int64(value)) }
  }

  mutating func setMagic(_ text: String) {
    let place = version == 1 ? Field.magic.places.0 : Field.magic.places.1
    for (index, byte) in text.utf8.enumerated() { header[place + index] = byte }
  }

  mutating func setSForm(_ rows: [[Double]]) {
    for (row, field) in [Field.srowX, .srowY, .srowZ].enumerated() {
      for column in 0..<4 { set(field, column, rows[row][column]) }
    }
  }

  /// Fills the body with numbers in the file's byte order.
  mutating func setVoxels<Number: FixedWidthInteger>(_ values: [Number]) {
    body = values.flatMap { bytes(of: $0) }
  }
  mutating func setVoxels(_ values: [Float]) { setVoxels(values.map(\.bitPattern)) }
  mutating func setVoxels(_ values: [Double]) { setVoxels(values.map(\.bitPattern)) }

  /// The file.
  var file: [UInt8] { header + flags + body }

  private func bytes<Number: FixedWidthInteger>(of value: Number) -> [UInt8] {
    withUnsafeBytes(of: isBigEndian ? value.bigEndian : value.littleEndian) { Array($0) }
  }

  private mutating func put<Number: FixedWidthInteger>(_ field: Field, _ index: Int, _ value: Number) {
    let start = (version == 1 ? field.places.0 : field.places.1) + index * MemoryLayout<Number>.size
    header.replaceSubrange(start..<start + MemoryLayout<Number>.size, with: bytes(of: value))
  }
}
