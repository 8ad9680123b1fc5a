import Files
import Foundation
import Numerics

/// Named tensors with text metadata, as a safetensors file holds them.
///
/// A file is eight bytes with the header's length, a JSON header, and the elements, little-endian. Reading makes the checks
/// of the reference reader: header of at most 100 MB, no duplicate names, tensors without holes or overlaps that fill
/// the file exactly, sizes that agree with shapes. A file that fails gives a ``SafeTensorsError``; no input traps.
public struct SafeTensors: Sendable, Equatable {
  /// One tensor.
  public struct Tensor: Sendable, Equatable {
    /// Type of the elements.
    public let type: TensorType
    /// Extents, slowest first; empty for a single number.
    public let shape: [Int]
    /// The elements, little-endian, row-major.
    public let bytes: Data

    /// The number of elements.
    public var count: Int { shape.reduce(1, *) }

    /// A tensor from its bytes, which must be as many as `shape` and `type` say.
    public init(type: TensorType, shape: [Int], bytes: Data) {
      precondition(bytes.count == shape.reduce(1, *) * type.size, "as many bytes as the shape says")
      self.type = type
      self.shape = shape
      self.bytes = bytes
    }
  }

  /// The tensors by name.
  public var tensors: [String: Tensor]
  /// Text under the header's `__metadata__`.
  public var metadata: [String: String]
  /// Whether a file was read whose checksum agreed. Other writers' files have none.
  public private(set) var isVerified = false

  /// A collection of tensors.
  public init(_ tensors: [String: Tensor] = [:], metadata: [String: String] = [:]) {
    self.tensors = tensors
    self.metadata = metadata
  }

  /// Largest header that is read: that of the reference reader.
  public static let headerLimit = 100_000_000

  /// The contents of a file.
  public init(contentsOf url: URL) throws(SafeTensorsError) {
    let data: Data
    do {
      // A pipe or a device would block or never end.
      guard try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else {
        throw SafeTensorsError(url.path, .unreadable, "is not a regular file")
      }
      // Not mapped: a file cut short by another process while it is mapped would kill this one.
      data = try Data(contentsOf: url)
    } catch let error as SafeTensorsError {
      throw error
    } catch {
      throw SafeTensorsError(url.path, .unreadable, "cannot be read: \(error.localizedDescription)")
    }
    try self.init(data, name: url.path)
  }

  /// The contents of a file in memory; `name` appears in errors.
  public init(_ file: Data, name: String) throws(SafeTensorsError) {
    func fail(_ kind: SafeTensorsError.Kind, _ reason: String) -> SafeTensorsError {
      SafeTensorsError(name, kind, reason)
    }
    let data = file.startIndex == 0 ? file : Data(file)
    guard data.count >= 8 else {
      throw fail(.truncated, "\(data.count) bytes found, at least 8 expected; copy the file again")
    }
    let claimed = (0..<8).reduce(UInt64(0)) { $0 | UInt64(data[$1]) << (8 * UInt64($1)) }
    guard claimed <= Self.headerLimit else {
      throw fail(.headerTooLarge, "claims a header of \(claimed) bytes, at most \(Self.headerLimit) are read")
    }
    let start = 8 + Int(claimed)
    guard start <= data.count else {
      throw fail(
        .truncated, "header of \(claimed) bytes expected, file ends after \(data.count - 8); copy it again")
    }
    let header: SafeTensorsHeader
    do throws(SafeTensorsHeader.Failure) {
      header = try SafeTensorsHeader(parsing: [UInt8](data[8..<start]))
    } catch {
      throw fail(.header, "header byte \(error.position): \(error.reason)")
    }
    var place = 0
    var tensors: [String: Tensor] = [:]
    tensors.reserveCapacity(header.entries.count)
    for entry in header.entries.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
      guard entry.begin == place else {
        throw fail(
          .offsets, "tensor \(entry.name) begins at byte \(entry.begin), expected \(place): hole or overlap")
      }
      var bytes = entry.type.size
      for extent in entry.shape {
        let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
        guard !overflow else { throw fail(.shape, "tensor \(entry.name): shape \(entry.shape) overflows") }
        bytes = product
      }
      guard entry.end - entry.begin == bytes else {
        throw fail(
          .shape,
          "tensor \(entry.name): \(entry.type.rawValue) \(entry.shape) needs \(bytes) bytes, "
            + "\(entry.end - entry.begin) given")
      }
      guard entry.end <= data.count - start else {
        throw fail(
          .truncated,
          "tensor \(entry.name) ends at byte \(start + entry.end), file after \(data.count); copy the file again"
        )
      }
      tensors[entry.name] = Tensor(
        type: entry.type, shape: entry.shape, bytes: data[start + entry.begin..<start + entry.end])
      place = entry.end
    }
    guard place == data.count - start else {
      throw fail(.offsets, "\(data.count - start - place) bytes after the last tensor belong to none")
    }
    self.init(tensors, metadata: header.metadata)
    if let claimed = metadata.removeValue(forKey: Self.checksumKey) {
      let found = checksum()
      guard claimed == found else {
        throw fail(.checksum, "damaged: checksum \(claimed) expected, \(found) found; use another copy")
      }
      isVerified = true
    }
  }

  /// Write the file whole or not at all.
  ///
  /// Tensors lie in the order of the reference writer, widest elements first, then by name, so that each is aligned; the
  /// header is padded to a multiple of eight bytes. The same contents give the same bytes. A checksum over names, shapes,
  /// elements and metadata is added to the metadata, and checked where a file has one.
  public func write(to url: URL) throws(FileWritingError) {
    var file = try AtomicFile(at: url.path)
    let (header, order) = encodedHeader()
    try file.write(header)
    for name in order {
      if let tensor = tensors[name] { try file.write(tensor.bytes) }
    }
    try file.commit()
  }

  /// The file in memory.
  public func encoded() -> Data {
    let (header, order) = encodedHeader()
    return order.reduce(into: header) { file, name in
      if let tensor = tensors[name] { file.append(tensor.bytes) }
    }
  }

  private func encodedHeader() -> (header: Data, order: [String]) {
    let order = tensors.sorted { ($1.value.type.size, $0.key) < ($0.value.type.size, $1.key) }.map(\.key)
    var texts = metadata
    texts[Self.checksumKey] = checksum()
    let header = SafeTensorsHeader.encoded(
      order.compactMap { name in tensors[name].map { (name, $0) } }, texts)
    let padded = header + Data(repeating: 0x20, count: (8 - header.count % 8) % 8)
    var length = UInt64(padded.count).littleEndian
    return (withUnsafeBytes(of: &length) { Data($0) } + padded, order)
  }
}

/// Why a safetensors file cannot be used.
public struct SafeTensorsError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of damage.
  public enum Kind: String, Sendable {
    /// The file is missing or may not be read.
    case unreadable
    /// The file ends early.
    case truncated
    /// The header claims more than 100 MB.
    case headerTooLarge
    /// The header is not the JSON it should be.
    case header
    /// Tensors overlap, leave holes or do not fill the file.
    case offsets
    /// A tensor's size does not agree with its shape.
    case shape
    /// The elements or the metadata changed since they were written.
    case checksum
  }

  /// The file.
  public let file: String
  /// What kind of damage.
  public let kind: Kind
  /// What is wrong, found against expected.
  public let reason: String

  init(_ file: String, _ kind: Kind, _ reason: String) {
    self.file = file
    self.kind = kind
    self.reason = reason
  }

  /// One line: the file and what is wrong with it.
  public var description: String { "\(file): \(reason)" }
}
