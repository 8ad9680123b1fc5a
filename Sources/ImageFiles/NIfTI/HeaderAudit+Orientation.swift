import Foundation
import Imaging

extension HeaderAudit {
  /// The affine by the field's one rule: sform where its code is positive, else qform, else the voxel size.
  mutating func orientation(
    _ shape: [Int]
  ) throws(ImageFileError) -> (
    affine: Affine, source: NIfTIHeader.AffineSource, sformCode: Int, qformCode: Int
  ) {
    let spacing = try self.spacing(axes: shape.count)
    let sformCode = code("sform_code", raw.sformCode)
    let qformCode = code("qform_code", raw.qformCode)
    units()
    let extents = (0..<3).map { $0 < shape.count ? shape[$0] : 1 }
    let sform = Affine(rows: raw.srows[0], raw.srows[1], raw.srows[2])
    if sformCode > 0 {
      try requireUsable(sform, "sform")
      if qformCode > 0, let qform = try? qform(spacing) {
        compare(sform, qform, over: VoxelShape(extents[0], extents[1], extents[2]))
      }
      inspectShear(sform)
      return (sform, .sform, sformCode, qformCode)
    }
    if qformCode > 0 {
      let affine = try qform(spacing)
      try requireUsable(affine, "qform")
      return (affine, .qform, sformCode, qformCode)
    }
    warn(
      "nifti.no-orientation",
      "no orientation in the header (sform_code and qform_code are 0): assuming voxel axes L, A, S with the "
        + "centre of the grid at the origin, as nibabel does. Left and right may be exchanged.")
    // The rule of ANALYZE, which nibabel follows: x grows to the left, the centre is the origin.
    let size = SIMD3(-spacing.x, spacing.y, spacing.z)
    let centre = SIMD3(Double(extents[0] - 1), Double(extents[1] - 1), Double(extents[2] - 1)) / 2
    let affine = Affine(spacing: size, origin: -centre * size)
    try requireUsable(affine, "voxel size")
    return (affine, .pixdim, sformCode, qformCode)
  }

  /// `pixdim[1...3]`, mended as stated.
  private mutating func spacing(axes: Int) throws(ImageFileError) -> SIMD3<Double> {
    var spacing = SIMD3<Double>.one
    for axis in 0..<3 {
      let value = raw.pixdim[axis + 1]
      guard value.isFinite else {
        throw refusal("nifti.pixdim", "pixdim[\(axis + 1)], a voxel size in mm, is \(value).")
      }
      if value == 0 {
        let message = "pixdim[\(axis + 1)] is 0; taken as 1 mm."
        if axis < axes { warn("nifti.pixdim", message) } else { note("nifti.pixdim", message) }
      } else if value < 0 {
        warn("nifti.pixdim", "pixdim[\(axis + 1)] is \(value); its size \(-value) mm is used.")
        spacing[axis] = -value
      } else {
        spacing[axis] = value
      }
    }
    return spacing
  }

  /// A code of 0…5, or 0 with a finding where it is none of these.
  private mutating func code(_ name: String, _ value: Int) -> Int {
    if (0...5).contains(value) { return value }
    warn("nifti.xform-code", "\(name) is \(value) and must be 0…5; taken as 0 (unknown).")
    return 0
  }

  private mutating func units() {
    switch raw.units & 7 {
    case 0, 2: break
    case 1: warn("nifti.units", "the header's unit of length is the metre; the numbers are taken as mm.")
    case 3: warn("nifti.units", "the header's unit of length is the micrometre; the numbers are taken as mm.")
    default:
      warn(
        "nifti.units", "the header's unit of length has the unknown code \(raw.units & 7); mm are assumed.")
    }
  }

  /// The affine of quaternion, offset, voxel size and the handedness in `pixdim[0]`.
  ///
  /// In double from the stored numbers, as nibabel computes it: libnifti2 sets `a = 0` already where `a²` is
  /// below 1e-7, which turns an angle of 3e-4 rad into none.
  private mutating func qform(_ spacing: SIMD3<Double>) throws(ImageFileError) -> Affine {
    let q = raw.quaternion
    guard q.x.isFinite, q.y.isFinite, q.z.isFinite, raw.qoffset.x.isFinite, raw.qoffset.y.isFinite,
      raw.qoffset.z.isFinite
    else {
      throw refusal("nifti.affine", "the quaternion or offset of the qform is not finite.")
    }
    let square = (q * q).sum()
    let threshold = 3 * (raw.version == 1 ? Double(Float.ulpOfOne) : Double.ulpOfOne)
    var a = 0.0
    if 1 - square > threshold {
      a = (1 - square).squareRoot()
    } else if square - 1 > threshold {
      warn(
        "nifti.quaternion", "the quaternion of the qform is \(square.squareRoot()) long; it is scaled to 1.")
    }
    let scale = 2 / (a * a + square)
    let (b, c, d) = (q.x, q.y, q.z)
    var handedness = raw.pixdim[0]
    if handedness != 1, handedness != -1 {
      // 0 is what the standard itself reads as 1.
      if handedness != 0 { warn("nifti.qfac", "pixdim[0] is \(handedness) and must be 1 or -1; taken as 1.") }
      handedness = 1
    }
    let x = SIMD3(1 - scale * (c * c + d * d), scale * (b * c + a * d), scale * (b * d - a * c))
    let y = SIMD3(scale * (b * c - a * d), 1 - scale * (b * b + d * d), scale * (c * d + a * b))
    let z = SIMD3(scale * (b * d + a * c), scale * (c * d - a * b), 1 - scale * (b * b + c * c))
    return Affine(
      columns: x * spacing.x, y * spacing.y, z * (spacing.z * handedness), origin: raw.qoffset)
  }

  private func requireUsable(_ affine: Affine, _ name: String) throws(ImageFileError) {
    guard affine.rows.allSatisfy({ $0.x.isFinite && $0.y.isFinite && $0.z.isFinite && $0.w.isFinite }) else {
      throw refusal("nifti.affine", "the \(name) has NaN or infinite numbers. Set the orientation again.")
    }
    // Finite numbers can still be too large for lengths and volumes.
    guard affine.determinant.isFinite, affine.spacing.max().isFinite else {
      throw refusal(
        "nifti.affine", "the \(name) has numbers beyond any plausible size. Set the orientation again.")
    }
    guard abs(affine.determinant) > 1e-6 else {
      throw refusal(
        "nifti.affine",
        "the \(name) is singular: its voxels have a volume of \(abs(affine.determinant)) mm³. Set the orientation again."
      )
    }
  }

  private mutating func compare(_ sform: Affine, _ qform: Affine, over shape: VoxelShape) {
    let distance = sform.largestDisplacement(from: qform, over: shape)
    guard distance > 1e-3 else { return }
    warn(
      "nifti.sform-qform",
      "sform (\(AxisCodes(sform)), code \(raw.sformCode)) and qform (\(AxisCodes(qform)), code \(raw.qformCode)) "
        + "place a corner \(millimetres(distance)) mm apart; the sform is used.")
  }

  private mutating func inspectShear(_ sform: Affine) {
    guard sform.shear > 1e-4 else { return }
    warn(
      "nifti.sheared",
      "the axes of the sform are not perpendicular (largest cosine \(millimetres(sform.shear))); programs built "
        + "on ITK refuse such a file. Resample it to a rectangular grid if one is needed.")
  }

  private func millimetres(_ value: Double) -> String {
    value >= 100 ? "\(value.rounded())" : "\((value * 1000).rounded() / 1000)"
  }
}
