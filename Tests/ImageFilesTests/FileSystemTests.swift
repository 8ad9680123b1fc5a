import Foundation
import ImageFiles
import Imaging
import TestSupport
import Testing

@Suite("What a path can turn out to be")
struct FileSystemTests {
  private func failure(_ path: String) -> ImageFileError? {
    do {
      _ = try NIfTIFile(path: path)
      return nil
    } catch { return error }
  }

  @Test("Row 34: folders, pipes, devices and link loops are refused with a reason, without waiting")
  func special() throws {
    try withTemporaryFolder { folder in
      let manager = FileManager.default
      try manager.createDirectory(atPath: folder.path + "/x.nii", withIntermediateDirectories: false)
      #expect(failure(folder.path + "/x.nii")?.code == "file.folder")
      #expect(mkfifo(folder.path + "/pipe.nii", 0o600) == 0)
      #expect(failure(folder.path + "/pipe.nii")?.code == "file.not-regular")
      #expect(failure(folder.path + "/pipe.nii")?.message.contains("named pipe") == true)
      #expect(failure("/dev/zero")?.message.contains("device") == true)
      try manager.createSymbolicLink(
        atPath: folder.path + "/a.nii", withDestinationPath: folder.path + "/b.nii")
      try manager.createSymbolicLink(
        atPath: folder.path + "/b.nii", withDestinationPath: folder.path + "/a.nii")
      #expect(failure(folder.path + "/a.nii")?.code == "file.unreadable")
      #expect(failure(folder.path + "/a.nii")?.message.contains("loop") == true)
      #expect(failure(folder.path + "/none.nii")?.exitCode == 66)
      #expect(failure("")?.exitCode == 66)
      #expect(failure("a\0b.nii")?.exitCode == 66)
      // The same doors for pictures.
      #expect(throws: ImageFileError.self) { try RasterFile.read(path: folder.path + "/pipe.nii") }
    }
  }

  @Test("A link to a file is the file; odd names work")
  func names() throws {
    try withTemporaryFolder { folder in
      let bytes = NIfTIFaultTests.example().file
      for name in [
        "a b'\"<script>.nii", "zeilen\numbruch.nii", "ünïcødé — 血管.nii",
        String(repeating: "n", count: 251) + ".nii",
      ] {
        let path = try folder.file(name, bytes)
        #expect(try NIfTIFile(path: path).readVolume().volume.voxels[1] == 3)
        let link = folder.path + "/link.nii"
        try? FileManager.default.removeItem(atPath: link)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
        #expect(try NIfTIFile(path: link).readVolume().volume.voxels[1] == 3)
      }
    }
  }

  @Test("Row 35: other formats are named, with the program that converts them")
  func otherFormats() throws {
    let dicom = [UInt8](repeating: 0, count: 128) + Array("DICM".utf8) + [UInt8](repeating: 0, count: 300)
    var mgh: [UInt8] = []
    for value in [1, 256, 256, 256, 1, 3, 0] as [Int32] {
      mgh += withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
    mgh += [UInt8](repeating: 0, count: 400)
    let cases: [(String, [UInt8], String, String)] = [
      ("a.dcm", dicom, "format.dicom", "dcm2niix"), ("a.nii", dicom, "format.dicom", "dcm2niix"),
      ("a.mgz", Gzip.compress(mgh), "format.mgh", "mri_convert"), ("a.mgh", mgh, "format.mgh", "mri_convert"),
      ("a.nrrd", Array("NRRD0004\ntype: short\n".utf8), "format.nrrd", "Slicer"),
      ("a.mha", Array("ObjectType = Image\nNDims = 3\n".utf8), "format.metaimage", "ITK-SNAP"),
      ("a.mnc", [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], "format.hdf5", "mnc2nii"),
      ("a.tif", Array("II*\0\u{8}\0\0\0".utf8), "format.tiff", "convert"),
      ("a.zip", Array("PK\u{3}\u{4}".utf8) + [20, 0, 0, 0], "format.zip", "Unpack"),
    ]
    try withTemporaryFolder { folder in
      for (name, bytes, code, words) in cases {
        let error = failure(try folder.file(name, bytes))
        #expect(
          error?.code == code && error?.message.contains(words) == true,
          "\(name): \(String(describing: error))")
      }
      let series = folder.appendingPathComponent("series")
      try FileManager.default.createDirectory(at: series, withIntermediateDirectories: false)
      _ = try series.file("IM0001", dicom)
      #expect(failure(series.path)?.code == "format.dicom")
      #expect(failure(series.path)?.message.contains("dcm2niix") == true)
      let picture = try folder.file(
        "a.png", try PNGWriter().encode(Plane<UInt8>(width: 9, height: 9, filledWith: 1)))
      #expect(failure(picture)?.code == "format.png")
      let error = #expect(throws: ImageFileError.self) {
        try RasterFile.read(path: try folder.file("x.png", NIfTIFaultTests.example().file))
      }
      #expect(error?.code == "format.nifti")
    }
  }

  @Test("Row 49: a file that was rewritten, replaced or cut after it was opened is refused")
  func changed() throws {
    try withTemporaryFolder { folder in
      let bytes = NIfTIFaultTests.example().file
      let path = folder.path + "/x.nii"
      let changes: [(String) throws -> Void] = [
        { try Data(bytes + [0]).write(to: URL(fileURLWithPath: $0)) },
        { path in
          let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
          try handle.truncate(atOffset: 380)
        },
        { path in
          try FileManager.default.removeItem(atPath: path)
          try Data(bytes).write(to: URL(fileURLWithPath: path))
        },
      ]
      for (number, change) in changes.enumerated() {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let file = try NIfTIFile(path: path)
        try change(path)
        let error = #expect(throws: ImageFileError.self) { try file.readVolume() }
        #expect(error?.code == "file.changed" && error?.exitCode == 65, "change \(number)")
      }
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      let file = try NIfTIFile(path: path)
      try FileManager.default.removeItem(atPath: path)
      let error = #expect(throws: ImageFileError.self) { try file.readVolume() }
      #expect(error?.exitCode == 66)
    }
  }
}
