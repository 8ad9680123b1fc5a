import Foundation
import ImageFiles

/// How large a case is, as the headers of its files say, before anything is computed.
public struct CaseSize: Sendable, Hashable {
  /// The extents of its image, x first: three of a volume (that of the largest file of a folder), two of a picture.
  public let shape: [Int]
  /// The bytes of the image as stored, decompressed.
  public let storedBytes: Int
  /// The bytes of its files on the disk; a file is held whole while it is decompressed.
  public let fileBytes: Int

  /// The voxels or pixels.
  public var elements: Int { shape.reduce(1, *) }

  /// A size.
  public init(shape: [Int], storedBytes: Int, fileBytes: Int) {
    self.shape = shape
    self.storedBytes = storedBytes
    self.fileBytes = fileBytes
  }

  /// The size of `item`, from headers alone.
  /// - Throws: ``ImageFileError`` where the audit refuses a header: the case would fail with the same message.
  public init(of item: Case, kind: CaseKind) throws {
    switch kind {
    case .volume: self = try Self(volume: item.input)
    case .image:
      let (width, height) = try RasterFile.size(path: item.input.path)
      self.init(shape: [width, height], storedBytes: 3 * width * height, fileBytes: Self.bytes(item.input))
    case .folder:
      if isRegularFile(item.input) {
        self = try Self(volume: item.input)
        return
      }
      let names = try FileManager.default.contentsOfDirectory(atPath: item.input.path).sorted()
        .filter { !$0.hasPrefix(".") && CaseIdentifier.fits($0, .volume) }
      let sizes = try names.map { try Self(volume: item.input.appendingPathComponent($0)) }
      guard let largest = sizes.max(by: { $0.elements < $1.elements }) else {
        throw PipelineError.noInput("\(item.input.path): no NIfTI files in the folder of this case")
      }
      self.init(
        shape: largest.shape, storedBytes: largest.storedBytes, fileBytes: sizes.map(\.fileBytes).reduce(0, +)
      )
    }
  }

  private init(volume url: URL) throws {
    let header = try NIfTIFile(path: url.path).header
    let shape = header.grid.shape
    self.init(
      shape: [shape.x, shape.y, shape.z], storedBytes: header.voxelByteCount, fileBytes: Self.bytes(url))
  }

  private static func bytes(_ url: URL) -> Int {
    var status = stat()
    return stat(url.path, &status) == 0 ? Int(status.st_size) : 0
  }
}
