import Imaging

/// What a NIfTI header says, after it has passed the audit.
public struct NIfTIHeader: Hashable, Sendable {
  /// NIfTI-1 or NIfTI-2.
  public enum Version: Int, Hashable, Sendable, Codable {
    /// 348 bytes, extents of 16 bits.
    case one = 1
    /// 540 bytes, extents of 64 bits.
    case two = 2
  }

  /// Which field the affine comes from: sform where its code is positive, else qform, else the voxel size alone.
  public enum AffineSource: Hashable, Sendable {
    /// The matrix of the header.
    case sform
    /// The header's quaternion, offset and voxel size.
    case qform
    /// The voxel size alone.
    case pixdim
  }

  /// NIfTI-1 or NIfTI-2.
  public var version: Version
  /// Whether header and voxels are in two files (`.hdr` and `.img`).
  public var isPair: Bool
  /// The byte order of header and voxels.
  public var isBigEndian: Bool
  /// One to seven extents, x first: x, y, z, time and three more.
  public var shape: [Int]
  /// The affine of the first three axes, mm, RAS+.
  public var affine: Affine
  /// Where the affine comes from.
  public var affineSource: AffineSource
  /// The meaning of the world axes in the sform: 0 unknown, 1 scanner, 2 aligned, 3 Talairach, 4 MNI, 5 template.
  public var sformCode: Int
  /// The same for the qform.
  public var qformCode: Int
  /// The kind of voxel as stored.
  public var datatype: NIfTIDatatype
  /// The slope as the header has it; 0 or NaN means that the values are not scaled.
  public var slope: Double
  /// The intercept as the header has it.
  public var intercept: Double
  /// The intent code; 1002 for labels.
  public var intent: Int
  /// Where the voxels start in their file (decompressed).
  public var voxelOffset: Int

  /// Shape and affine of the first three axes; missing axes are 1 voxel long.
  public var grid: VoxelGrid {
    let extents = (0..<3).map { $0 < shape.count ? shape[$0] : 1 }
    return VoxelGrid(shape: VoxelShape(extents[0], extents[1], extents[2]), affine: affine)
  }

  /// The number of three-dimensional volumes: the product of the extents from the fourth on.
  public var volumeCount: Int { shape.dropFirst(3).reduce(1, *) }

  /// The bytes of all voxels.
  public var voxelByteCount: Int { shape.reduce(1, *) * datatype.byteCount }

  /// The code of the field that the affine comes from; 0 where it comes from the voxel size alone.
  public var xformCode: Int {
    switch affineSource {
    case .sform: sformCode
    case .qform: qformCode
    case .pixdim: 0
    }
  }

  /// The scaling to apply, value = slope · stored + intercept, or nil where stored values are the values.
  public var scaling: (slope: Double, intercept: Double)? {
    guard slope.isFinite, slope != 0, slope != 1 || intercept != 0 else { return nil }
    return (slope, intercept)
  }

  /// Such as `NIfTI-1` or `NIfTI-2 pair`.
  public var formatName: String { "NIfTI-\(version.rawValue)\(isPair ? " pair" : "")" }
}
