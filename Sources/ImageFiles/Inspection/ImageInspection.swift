import Files
import Foundation
import Imaging

/// Everything `inspect` tells about one file; its JSON keys are the contract of `inspect --json`.
public struct ImageInspection: Sendable, Codable, Equatable {
  /// Why a file cannot be read.
  public struct Failure: Sendable, Codable, Equatable {
    /// A stable code, such as `nifti.truncated`.
    public let code: String
    /// What is wrong and what to do, with the file's name.
    public let message: String
  }

  /// The file as it was named.
  public var file: String
  /// `NIfTI-1`, `NIfTI-1 pair`, `NIfTI-2`, `NIfTI-2 pair`, `PNG` or `JPEG`.
  public var format: String?
  /// The extents, x first; of a colour picture the 3 channels last.
  public var shape: [Int]?
  /// The voxel size along the first three axes, in mm.
  public var spacingMillimetres: [Double]?
  /// Voxel index to world, mm, RAS+.
  public var affine: Affine?
  /// Such as `LPS`.
  public var axes: String?
  /// The number type as stored, such as `int16`.
  public var datatype: String?
  /// `little` or `big`.
  public var endianness: String?
  /// The slope as the header has it; nil where it is not a number.
  public var slope: Double?
  /// The intercept as the header has it; nil where it is not a number.
  public var intercept: Double?
  /// The smallest finite value, scaled.
  public var minimum: Double?
  /// The largest finite value, scaled.
  public var maximum: Double?
  /// The mean of the finite values, scaled.
  public var mean: Double?
  /// How many values are NaN or infinite.
  public var nonfinite: Int?
  /// What was noticed.
  public var findings: [Finding]?
  /// Why the file cannot be read; the other fields are then absent.
  public var error: Failure?
  /// The process exit status that the error stands for; 0 without one.
  public var exitCode: Int32 = 0

  private enum CodingKeys: String, CodingKey {
    case file, format, shape
    case spacingMillimetres = "spacing_mm"
    case affine, axes, datatype, endianness
    case slope = "scl_slope"
    case intercept = "scl_inter"
    case minimum = "min"
    case maximum = "max"
    case mean, nonfinite, findings, error
  }

  /// Looks at a file, reading all of it; a file that cannot be read gives a value with an `error`.
  public init(path: String, limits: ImageFileLimits = .standard) {
    file = path
    do throws(ImageFileError) {
      if try ImageInspection.isRaster(path) {
        describe(try RasterFile.read(path: path, limits: limits))
      } else {
        try describe(try NIfTIFile(path: path, limits: limits))
      }
    } catch {
      self.error = Failure(code: error.code, message: error.description)
      exitCode = error.exitCode
    }
  }

  private static func isRaster(_ path: String) throws(ImageFileError) -> Bool {
    FormatSniffer.readable(try SourceFile(path).bytes(at: 0, count: 16)) != nil
  }

  private mutating func describe(_ nifti: NIfTIFile) throws(ImageFileError) {
    let (statistics, streamFindings) = try nifti.statistics()
    let header = nifti.header
    let size = header.affine.spacing
    format = header.formatName
    shape = header.shape
    spacingMillimetres = [size.x, size.y, size.z]
    affine = header.affine
    axes = AxisCodes(header.affine).description
    datatype = header.datatype.description
    endianness = header.isBigEndian ? "big" : "little"
    slope = header.slope.isFinite ? header.slope : nil
    intercept = header.intercept.isFinite ? header.intercept : nil
    if !statistics.isEmpty {
      minimum = statistics.minimum
      maximum = statistics.maximum
      // The sum of values near the end of the range of double can leave it.
      mean = statistics.mean.isFinite ? statistics.mean : nil
    }
    nonfinite = statistics.nonfinite
    var findings = nifti.findings + streamFindings
    if statistics.nonfinite > 0 {
      findings.append(
        Finding(
          .warning, "nifti.nonfinite",
          "\(grouped(statistics.nonfinite)) of \(grouped(statistics.count)) voxels are NaN or infinite."))
    }
    if statistics.minimum == statistics.maximum {
      findings.append(Finding(.warning, "nifti.constant", "all voxels have the value \(statistics.minimum)."))
    }
    self.findings = findings
  }

  private mutating func describe(_ picture: RasterImage) {
    format = picture.format
    shape = [picture.width, picture.height]
    switch picture.pixels {
    case .gray8(let plane): summarize(plane.pixels, "uint8")
    case .gray16(let plane): summarize(plane.pixels, "uint16")
    case .rgb(let image):
      shape?.append(3)
      summarize(image.samples, "uint8")
    }
    nonfinite = 0
    findings = picture.findings
  }

  private mutating func summarize<Sample: FixedWidthInteger>(_ samples: [Sample], _ name: String) {
    datatype = name
    var (least, most, sum) = (Sample.max, Sample.min, 0)
    for sample in samples {
      least = min(least, sample)
      most = max(most, sample)
      sum += Int(sample)
    }
    minimum = Double(least)
    maximum = Double(most)
    mean = Double(sum) / Double(samples.count)
  }

  /// Writes every key of the contract, null where it does not apply; of an unreadable file the name and the error.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(file, forKey: .file)
    if let error {
      try values.encode(error, forKey: .error)
      return
    }
    try values.encode(format, forKey: .format)
    try values.encode(shape, forKey: .shape)
    try values.encode(spacingMillimetres, forKey: .spacingMillimetres)
    try values.encode(affine, forKey: .affine)
    try values.encode(axes, forKey: .axes)
    try values.encode(datatype, forKey: .datatype)
    try values.encode(endianness, forKey: .endianness)
    try values.encode(slope, forKey: .slope)
    try values.encode(intercept, forKey: .intercept)
    try values.encode(minimum, forKey: .minimum)
    try values.encode(maximum, forKey: .maximum)
    try values.encode(mean, forKey: .mean)
    try values.encode(nonfinite, forKey: .nonfinite)
    try values.encode(findings, forKey: .findings)
  }
}
