import Foundation

/// What a file is, by its content; names are not believed.
enum FormatSniffer {
  /// A format that is read.
  enum Readable {
    case png
    case jpeg
  }

  static func readable(_ bytes: [UInt8]) -> Readable? {
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return .jpeg }
    return nil
  }

  /// The refusal of a file that is recognised as something else, by its first `bytes`; nil where it is not.
  static func foreign(_ bytes: [UInt8], path: String) -> Finding? {
    func refusal(_ code: String, _ message: String) -> Finding { Finding(.error, "format.\(code)", message) }
    func begins(_ text: String) -> Bool { bytes.starts(with: Array(text.utf8)) }
    if bytes.count >= 132, bytes[128..<132].elementsEqual("DICM".utf8) {
      return refusal("dicom", "a DICOM file. Convert its folder with: dcm2niix -z y FOLDER")
    }
    if begins("NRRD000") {
      return refusal("nrrd", "an NRRD file. Convert it with 3D Slicer or ITK-SNAP: save as .nii.gz")
    }
    if begins("ObjectType") || begins("NDims") {
      return refusal(
        "metaimage", "a MetaImage header. Convert it with ITK-SNAP or 3D Slicer: save as .nii.gz")
    }
    let isNamedMGH = [".mgh", ".mgz"].contains { path.lowercased().hasSuffix($0) }
    if bytes.starts(with: [0, 0, 0, 1]), isNamedMGH || looksLikeMGH(bytes) {
      return refusal(
        "mgh", "a FreeSurfer MGH/MGZ file. Convert it with: mri_convert \"\(path)\" image.nii.gz")
    }
    if bytes.starts(with: [0x89, 0x48, 0x44, 0x46]) {
      return refusal("hdf5", "an HDF5 file (MINC or MATLAB?). For MINC: mnc2nii \"\(path)\" image.nii")
    }
    if begins("CDF\u{1}") || begins("CDF\u{2}") {
      return refusal("minc", "a MINC or NetCDF file. Convert it with: mnc2nii \"\(path)\" image.nii")
    }
    if begins("II*\0") || begins("MM\0*") || begins("II+\0") || begins("MM\0+") {
      return refusal("tiff", "a TIFF file. Convert it with ImageMagick: convert \"\(path)\" image.png")
    }
    if begins("BM"), bytes.count >= 26, bytes[6..<10].allSatisfy({ $0 == 0 }) {
      return refusal("bmp", "a BMP file. Convert it with ImageMagick: convert \"\(path)\" image.png")
    }
    if begins("GIF8") {
      return refusal("gif", "a GIF file. Convert it with ImageMagick: convert \"\(path)\" image.png")
    }
    if begins("RIFF"), bytes.count >= 12, bytes[8..<12].elementsEqual("WEBP".utf8) {
      return refusal("webp", "a WebP file. Convert it with ImageMagick: convert \"\(path)\" image.png")
    }
    if begins("PK\u{3}\u{4}") { return refusal("zip", "a zip archive. Unpack it and name a file in it.") }
    return text(bytes)
  }

  private static func text(_ bytes: [UInt8]) -> Finding? {
    let start = bytes.prefix(256)
    guard !start.isEmpty,
      start.allSatisfy({ (32..<127).contains($0) || [9, 10, 13].contains($0) || $0 >= 128 }),
      let words = String(validating: start, as: UTF8.self)
        ?? String(validating: start.dropLast(3), as: UTF8.self)
    else { return nil }
    let line = words.split(whereSeparator: \.isNewline).first.map { String($0.prefix(40)) } ?? ""
    if words.hasPrefix("version https://git-lfs") {
      return Finding(
        .error, "format.git-lfs", "a Git LFS pointer, not the image itself. Run: git lfs pull")
    }
    let start2 = words.lowercased().drop { $0.isWhitespace }
    if start2.hasPrefix("<!doctype html") || start2.hasPrefix("<html") {
      return Finding(
        .error, "format.html",
        "a web page (an error page of a download?), not an image. Download the file again.")
    }
    return Finding(.error, "format.text", "a text file that begins with \"\(line)\", not an image.")
  }

  /// An MGH header: version 1, then four extents and a type of 0, 1, 3 or 4, big-endian.
  private static func looksLikeMGH(_ bytes: [UInt8]) -> Bool {
    guard bytes.count >= 28 else { return false }
    let numbers = (0..<7).map { index in
      bytes[4 * index..<4 * index + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    return (1...4).allSatisfy { (1..<1 << 20).contains(numbers[$0]) } && [0, 1, 3, 4].contains(numbers[5])
  }

  /// The name of a DICOM file among the first files of `folder`, if there is one.
  static func dicomFile(in folder: String) -> String? {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return nil }
    for name in names.sorted().prefix(16) {
      guard let file = try? SourceFile("\(folder)/\(name)"), let bytes = try? file.bytes(at: 128, count: 4)
      else { continue }
      if bytes.elementsEqual("DICM".utf8) { return name }
    }
    return nil
  }
}
