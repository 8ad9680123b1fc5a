import CNIfTI
import Imaging

/// The checks a header passes before any of it is used, in the order of their consequences.
///
/// What cannot be read throws; what departs from the standard and can be read with certainty becomes a finding.
package struct HeaderAudit {
  let path: String
  let raw: RawNIfTIHeader
  private(set) var findings: [Finding] = []

  init(path: String, raw: RawNIfTIHeader) {
    self.path = path
    self.raw = raw
  }

  /// The header from the first `bytes` of a file.
  package static func header(
    of path: String, bytes: [UInt8]
  ) throws(ImageFileError) -> (header: NIfTIHeader, findings: [Finding]) {
    guard let claim = RawNIfTIHeader.claim(bytes) else {
      throw .refused(
        path, bytes.count < RawNIfTIHeader.sizeOfVersion1 ? "nifti.short-header" : "nifti.not-nifti",
        bytes.count < RawNIfTIHeader.sizeOfVersion1
          ? tooShort(bytes.count, RawNIfTIHeader.sizeOfVersion1)
          : "not a NIfTI file: the header does not begin with its size (348 or 540). Check where it came from."
      )
    }
    let size = claim.version == 1 ? RawNIfTIHeader.sizeOfVersion1 : RawNIfTIHeader.sizeOfVersion2
    guard bytes.count >= size else { throw .refused(path, "nifti.short-header", tooShort(bytes.count, size)) }
    let raw = RawNIfTIHeader(bytes, version: claim.version, isBigEndian: claim.isBigEndian)
    var audit = HeaderAudit(path: path, raw: raw)
    let isPair = try audit.magic()
    let (shape, datatype) = try audit.shape()
    let offset = try audit.voxelOffset(isPair: isPair)
    try audit.scaling()
    let orientation = try audit.orientation(shape)
    let header = NIfTIHeader(
      version: raw.version == 1 ? .one : .two, isPair: isPair, isBigEndian: raw.isBigEndian, shape: shape,
      affine: orientation.affine, affineSource: orientation.source, sformCode: orientation.sformCode,
      qformCode: orientation.qformCode, datatype: datatype, slope: raw.slope, intercept: raw.intercept,
      intent: raw.intent, voxelOffset: offset)
    return (header, audit.findings)
  }

  mutating func warn(_ code: String, _ message: String) { findings.append(Finding(.warning, code, message)) }
  mutating func note(_ code: String, _ message: String) { findings.append(Finding(.note, code, message)) }
  func refusal(_ code: String, _ message: String) -> ImageFileError { .refused(path, code, message) }

  private static func tooShort(_ count: Int, _ size: Int) -> String {
    "too short for a NIfTI header (\(count) of \(size) bytes). Copy the file again."
  }

  /// Whether the magic says header and image are two files.
  private mutating func magic() throws(ImageFileError) -> Bool {
    let single: [UInt8] = Array((raw.version == 1 ? "n+1\0" : "n+2\0\r\n\u{1A}\n").utf8)
    let pair: [UInt8] = Array((raw.version == 1 ? "ni1\0" : "ni2\0\r\n\u{1A}\n").utf8)
    if raw.magic == single { return false }
    if raw.magic == pair { return true }
    if raw.version == 2, raw.magic.prefix(4) == single.prefix(4) || raw.magic.prefix(4) == pair.prefix(4) {
      throw refusal(
        "nifti.magic",
        "the line-end bytes of the NIfTI-2 magic are changed: the file was copied as text. Copy it again in "
          + "binary mode.")
    }
    if raw.version == 1, raw.magic[0] == 0 {
      throw refusal(
        "format.analyze",
        "an ANALYZE 7.5 file, which has no reliable orientation. Convert it where its orientation is known, "
          + "for example with MRtrix: mrconvert \"\(path)\" image.nii.gz")
    }
    let found = String(decoding: raw.magic.prefix(3).map { (32..<127).contains($0) ? $0 : 63 }, as: UTF8.self)
    throw refusal(
      "nifti.magic",
      "the header's magic is \"\(found)\" where \"n+\(raw.version)\" or \"ni\(raw.version)\" is expected.")
  }

  private mutating func shape() throws(ImageFileError) -> ([Int], NIfTIDatatype) {
    guard (1...7).contains(raw.dim[0]) else {
      throw refusal("nifti.dimensions", "dim[0], the number of axes, is \(raw.dim[0]) and must be 1…7.")
    }
    let shape = Array(raw.dim[1...raw.dim[0]])
    if let axis = shape.firstIndex(where: { $0 < 1 }) {
      throw refusal("nifti.dimensions", "dim[\(axis + 1)] is \(shape[axis]) and must be at least 1.")
    }
    guard let datatype = NIfTIDatatype(rawValue: Int16(truncatingIfNeeded: raw.datatype)) else {
      let supported = "(u)int8, 16, 32, 64, float32 and float64 are"
      if let name = NIfTIDatatype.unsupportedName(raw.datatype) {
        throw refusal(
          "nifti.datatype",
          "voxels of type \(name) are not supported; \(supported). Save one real-valued channel.")
      }
      throw refusal("nifti.datatype", "datatype \(raw.datatype) is unknown; \(supported) supported.")
    }
    if raw.bitpix != 8 * datatype.byteCount {
      warn(
        "nifti.bitpix",
        "bitpix is \(raw.bitpix), but \(datatype) has \(8 * datatype.byteCount) bits a voxel; the datatype is used."
      )
    }
    var bytes = datatype.byteCount
    for extent in shape {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
      if overflow {
        throw refusal(
          "nifti.dimension-overflow",
          "dimension overflow: \(shape.map(String.init).joined(separator: "×")) voxels are more than can be counted."
        )
      }
      bytes = product
    }
    return (shape, datatype)
  }

  private mutating func voxelOffset(isPair: Bool) throws(ImageFileError) -> Int {
    let least = isPair ? 0 : raw.version == 1 ? 352 : 544
    guard raw.voxOffset.isFinite, raw.voxOffset == raw.voxOffset.rounded(), raw.voxOffset >= Double(least),
      raw.voxOffset < 0x1p62
    else {
      throw refusal(
        "nifti.vox-offset", "vox_offset is \(raw.voxOffset) and must be a whole number of at least \(least).")
    }
    return Int(raw.voxOffset)
  }

  private func scaling() throws(ImageFileError) {
    if raw.slope.isInfinite {
      throw refusal("nifti.scaling", "scl_slope is infinite. Save the image again from its source.")
    }
    if raw.slope.isFinite, raw.slope != 0, !raw.intercept.isFinite {
      throw refusal("nifti.scaling", "scl_inter is \(raw.intercept) beside a scl_slope of \(raw.slope).")
    }
  }
}
