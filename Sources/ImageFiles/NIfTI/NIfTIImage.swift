import Files
import Imaging

/// A volume read from a NIfTI file, with what was noticed on the way.
public struct NIfTIImage<Scalar: Sendable>: Sendable {
  /// The voxels on their grid.
  public let volume: Volume<Scalar>
  /// The header, for outputs that shall lie as the input does.
  public let header: NIfTIHeader
  /// All findings: of the header, the stream and the voxels.
  public let findings: [Finding]
}

/// Which labels of an image a mask consists of.
public enum MaskRule: Hashable, Sendable, Codable {
  /// The image has, beside 0, at most one value; that one is inside.
  case binary
  /// Every value but 0 is inside; negative values are refused.
  case anyLabel
  /// These labels are inside.
  case labels(Set<Int32>)
}

extension NIfTIFile {
  /// Reads one volume as Float, scaled by slope and intercept (in double, then rounded).
  ///
  /// NaN and infinite voxels become 0, with a finding that counts them; more than the limit (1 %) are refused.
  /// - Parameter index: Which volume of a 4D or higher image, counted over all axes from the fourth on; not
  ///   needed where there is but one.
  public func readVolume(at index: Int? = nil) throws(ImageFileError) -> NIfTIImage<Float> {
    let decoding = VoxelDecoding(header)
    let result = try decode(volume: try volumeIndex(index)) { from, to, count in
      decoding.floats(from: from, to: to, count: count)
    }
    if result.tally.overflowed > 0 {
      throw .refused(
        path, "nifti.overflow",
        "\(grouped(result.tally.overflowed)) voxels are beyond the range of 32-bit floating point (slope "
          + "\(header.slope)). Rescale the image.")
    }
    let findings = self.findings + result.findings + (try nonfinite(result.tally))
    return NIfTIImage(volume: Volume(grid: grid, voxels: result.voxels), header: header, findings: findings)
  }

  /// Reads one volume as labels: values must be whole numbers (within 1e-4, for images stored with a slope).
  public func readLabels(at index: Int? = nil) throws(ImageFileError) -> NIfTIImage<Int32> {
    let decoding = VoxelDecoding(header)
    let result = try decode(volume: try volumeIndex(index)) { from, to, count in
      decoding.labels(from: from, to: to, count: count)
    }
    let refused = result.tally.fractional + result.tally.overflowed
    if refused > 0 {
      let values = result.tally.examples.sorted().map { "\($0)" }.joined(separator: ", ")
      throw .refused(
        path, "labels.not-integral",
        "labels must be whole numbers up to 2147483647; found \(values) among \(grouped(refused)) such voxels. Is "
          + "this an image or a probability map? Round or threshold it first.")
    }
    let findings = self.findings + result.findings + (try nonfinite(result.tally))
    return NIfTIImage(volume: Volume(grid: grid, voxels: result.voxels), header: header, findings: findings)
  }

  /// Reads one volume as a mask, 1 inside and 0 outside.
  public func readMask(_ rule: MaskRule, at index: Int? = nil) throws(ImageFileError) -> NIfTIImage<UInt8> {
    let labels = try readLabels(at: index)
    let found = LabelValues(labels.volume.voxels)
    func refusal(_ message: String) -> ImageFileError {
      .refused(path, "labels.unexpected", "label values found: \(found). \(message)")
    }
    // Voxels are compared, not looked up in a set: that would hash every one of them.
    let mask: Mask
    switch rule {
    case .binary:
      let others = found.values.filter { $0 != 0 }
      guard others.count <= 1, others.allSatisfy({ $0 > 0 }), !found.isCut else {
        throw refusal("Expected 0 and one positive value; name the labels that are meant.")
      }
      mask = labels.volume.map { $0 == 0 ? 0 : 1 }
    case .anyLabel:
      guard found.values.allSatisfy({ $0 >= 0 }) else {
        throw refusal("Expected 0 for background and positive labels.")
      }
      mask = labels.volume.map { $0 == 0 ? 0 : 1 }
    case .labels(let wanted):
      guard found.isCut || !wanted.isDisjoint(with: found.values) || found.values == [0] else {
        throw refusal("Expected some of \(wanted.sorted().map(String.init).joined(separator: ", ")).")
      }
      let wanted = wanted.sorted()
      mask = labels.volume.map { label in wanted.contains { $0 == label } ? 1 : 0 }
    }
    return NIfTIImage(volume: mask, header: header, findings: labels.findings)
  }

  private func volumeIndex(_ index: Int?) throws(ImageFileError) -> Int {
    let count = header.volumeCount
    let shape = header.shape.map(String.init).joined(separator: "×")
    if let index {
      if (0..<count).contains(index) { return index }
      throw .refused(
        path, "nifti.no-such-volume",
        "volume \(index) is asked for, and there are \(count) (0…\(count - 1)) in \(shape).")
    }
    if count == 1 { return 0 }
    throw .refused(
      path, "nifti.several-volumes",
      "\(shape): \(count) volumes where one is expected. Extract the one to use, or give its index (0…\(count - 1))."
    )
  }

  private func nonfinite(_ tally: VoxelTally) throws(ImageFileError) -> [Finding] {
    guard tally.nonfinite > 0 else { return [] }
    let count = grid.shape.count
    let share = Double(tally.nonfinite) / Double(count)
    let percent = "\((share * 10_000).rounded() / 100) %"
    guard share <= limits.nonfiniteShare else {
      throw .refused(
        path, "nifti.nonfinite",
        "\(grouped(tally.nonfinite)) of \(grouped(count)) voxels (\(percent)) are NaN or infinite; up to "
          + "\(limits.nonfiniteShare * 100) % are tolerated. Mask or repair the image.")
    }
    return [
      Finding(
        .warning, "nifti.nonfinite",
        "\(grouped(tally.nonfinite)) of \(grouped(count)) voxels (\(percent)) are NaN or infinite and were set to 0."
      )
    ]
  }
}

/// The different values of a label image, up to a number that can be printed.
struct LabelValues: CustomStringConvertible {
  private(set) var values: [Int32] = []
  private(set) var isCut = false

  init(_ labels: [Int32]) {
    var last: Int32?
    var seen: Set<Int32> = []
    for label in labels where label != last {
      last = label
      guard seen.insert(label).inserted else { continue }
      if seen.count > 256 {
        isCut = true
        break
      }
    }
    values = seen.sorted()
  }

  var description: String {
    let shown = values.prefix(12).map(String.init).joined(separator: ", ")
    return isCut || values.count > 12 ? shown + ", …" : shown
  }
}
