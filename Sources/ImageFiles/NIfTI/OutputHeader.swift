import CNIfTI
import Imaging

/// The header bytes of a NIfTI file to write, extension flags included: 352 or 544 bytes.
struct OutputHeader {
  let bytes: [UInt8]
  let findings: [Finding]

  /// - Parameter code: The meaning of the world axes, 1…5, for sform and qform alike.
  init(
    path: String, grid: VoxelGrid, datatype: NIfTIDatatype, intent: Int, range: ClosedRange<Double>?,
    code: Int
  ) throws(ImageFileError) {
    let affine = grid.affine
    guard let rotation = affine.nearestRotation, abs(affine.determinant) > 1e-6 else {
      throw .refused(
        path, "nifti.affine", "the affine to write is singular or not finite; a NIfTI file cannot hold it.")
    }
    let isSheared = affine.shear > 1e-4
    findings =
      isSheared
      ? [
        Finding(
          .warning, "nifti.sheared",
          "the axes are not perpendicular, which a qform cannot hold: the sform alone places the image "
            + "(qform_code 0).")
      ] : []
    let quaternion = Quaternion(rotation)
    let extents = grid.shape.extents
    let spacing = grid.spacing
    let bits = Int16(8 * datatype.byteCount)
    if extents.allSatisfy({ $0 <= Int(Int16.max) }) {
      var header = nifti_1_header()
      header.sizeof_hdr = Int32(RawNIfTIHeader.sizeOfVersion1)
      header.dim = (3, Int16(extents[0]), Int16(extents[1]), Int16(extents[2]), 1, 1, 1, 1)
      header.intent_code = Int16(intent)
      header.datatype = datatype.rawValue
      header.bitpix = bits
      header.pixdim = (
        Float(quaternion.handedness), Float(spacing.x), Float(spacing.y), Float(spacing.z), 0, 0, 0, 0
      )
      header.vox_offset = 352
      header.scl_slope = 1
      header.xyzt_units = CChar(NIFTI_UNITS_MM)
      header.cal_min = Float(range?.lowerBound ?? 0)
      header.cal_max = Float(range?.upperBound ?? 0)
      OutputHeader.copy("Malpighi", to: &header.descrip)
      header.qform_code = isSheared ? 0 : Int16(code)
      header.sform_code = Int16(code)
      (header.quatern_b, header.quatern_c, header.quatern_d) = (
        Float(quaternion.b), Float(quaternion.c), Float(quaternion.d)
      )
      (header.qoffset_x, header.qoffset_y, header.qoffset_z) = (
        Float(affine.origin.x), Float(affine.origin.y), Float(affine.origin.z)
      )
      let rows = affine.rows.map { (Float($0.x), Float($0.y), Float($0.z), Float($0.w)) }
      (header.srow_x, header.srow_y, header.srow_z) = (rows[0], rows[1], rows[2])
      OutputHeader.copy("n+1", to: &header.magic)
      bytes = withUnsafeBytes(of: &header) { Array($0) } + [0, 0, 0, 0]
    } else {
      var header = nifti_2_header()
      header.sizeof_hdr = Int32(RawNIfTIHeader.sizeOfVersion2)
      OutputHeader.copy("n+2\0\r\n\u{1A}\n", to: &header.magic)
      header.datatype = datatype.rawValue
      header.bitpix = bits
      header.dim = (3, Int64(extents[0]), Int64(extents[1]), Int64(extents[2]), 1, 1, 1, 1)
      header.pixdim = (quaternion.handedness, spacing.x, spacing.y, spacing.z, 0, 0, 0, 0)
      header.vox_offset = 544
      header.scl_slope = 1
      header.cal_min = range?.lowerBound ?? 0
      header.cal_max = range?.upperBound ?? 0
      OutputHeader.copy("Malpighi", to: &header.descrip)
      header.qform_code = isSheared ? 0 : Int32(code)
      header.sform_code = Int32(code)
      (header.quatern_b, header.quatern_c, header.quatern_d) = (quaternion.b, quaternion.c, quaternion.d)
      (header.qoffset_x, header.qoffset_y, header.qoffset_z) = (
        affine.origin.x, affine.origin.y, affine.origin.z
      )
      let rows = affine.rows.map { ($0.x, $0.y, $0.z, $0.w) }
      (header.srow_x, header.srow_y, header.srow_z) = (rows[0], rows[1], rows[2])
      header.xyzt_units = NIFTI_UNITS_MM
      header.intent_code = Int32(intent)
      bytes = withUnsafeBytes(of: &header) { Array($0) } + [0, 0, 0, 0]
    }
  }

  /// Copies ASCII `text` to the start of a C character array that is zero elsewhere.
  private static func copy<Characters>(_ text: String, to array: inout Characters) {
    withUnsafeMutableBytes(of: &array) { $0.copyBytes(from: text.utf8.prefix($0.count)) }
  }
}

/// A rotation as NIfTI stores it: b, c, d of the unit quaternion, and the handedness (qfac).
private struct Quaternion {
  var b = 0.0
  var c = 0.0
  var d = 0.0
  var handedness = 1.0

  /// By libnifti2, from an orthonormal matrix.
  init(_ rotation: Affine) {
    var matrix = nifti_dmat44()
    let rows = rotation.rows.map { ($0.x, $0.y, $0.z, $0.w) }
    matrix.m = (rows[0], rows[1], rows[2], (0, 0, 0, 1))
    nifti_dmat44_to_quatern(matrix, &b, &c, &d, nil, nil, nil, nil, nil, nil, &handedness)
  }
}
