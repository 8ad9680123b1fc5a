import Foundation
import ImageFiles
import Imaging
import TestSupport
import Testing

@Suite("Inspection")
struct InspectionTests {
  static let keys: Set<String> = [
    "file", "format", "shape", "spacing_mm", "affine", "axes", "datatype", "endianness", "scl_slope",
    "scl_inter",
    "min", "max", "mean", "nonfinite", "findings",
  ]

  private func object(_ inspection: ImageInspection) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: JSONEncoder().encode(inspection)) as? [String: Any])
  }

  @Test("The JSON has the keys of the contract, with values of the scaled voxels")
  func contract() throws {
    try withTemporaryFolder { folder in
      var bytes = NIfTIBytes(shape: [2, 2, 1], datatype: 4, bytes: 2, isBigEndian: true)
      bytes.setVoxels([-3, 0, 1, 6] as [Int16])
      bytes.set(.slope, 0, 0.5)
      bytes.set(.intercept, 0, 10)
      bytes.setSForm([[-2, 0, 0, 1], [0, -3, 0, 2], [0, 0, 4, 3]])
      let path = try folder.file("x.nii", bytes.file)
      let json = try object(ImageInspection(path: path))
      #expect(Set(json.keys) == Self.keys)
      #expect(json["file"] as? String == path && json["format"] as? String == "NIfTI-1")
      #expect(json["shape"] as? [Int] == [2, 2, 1] && json["spacing_mm"] as? [Double] == [2, 3, 4])
      #expect(
        json["affine"] as? [[Double]] == [[-2, 0, 0, 1], [0, -3, 0, 2], [0, 0, 4, 3], [0, 0, 0, 1]])
      #expect(json["axes"] as? String == "LPS" && json["datatype"] as? String == "int16")
      #expect(json["endianness"] as? String == "big")
      #expect(json["scl_slope"] as? Double == 0.5 && json["scl_inter"] as? Double == 10)
      #expect(
        json["min"] as? Double == 8.5 && json["max"] as? Double == 13 && json["mean"] as? Double == 10.5)
      #expect(json["nonfinite"] as? Int == 0 && (json["findings"] as? [Any])?.isEmpty == true)
    }
  }

  @Test("Statistics leave out what is not finite and count it; a slope of NaN is null")
  func nonfinite() throws {
    try withTemporaryFolder { folder in
      var bytes = NIfTIBytes(shape: [5], datatype: 16, bytes: 4)
      bytes.setVoxels([.nan, 4, .infinity, -2, 1] as [Float])
      bytes.set(.slope, 0, .nan)
      let inspection = ImageInspection(path: try folder.file("x.nii", bytes.file))
      #expect(inspection.nonfinite == 2 && inspection.findings?.map(\.code) == ["nifti.nonfinite"])
      #expect(inspection.minimum == -2 && inspection.maximum == 4 && inspection.mean == 1)
      let json = try object(inspection)
      #expect(Set(json.keys) == Self.keys && json["scl_slope"] is NSNull)
      bytes.setVoxels([Float](repeating: .nan, count: 5))
      let empty = try object(ImageInspection(path: try folder.file("y.nii", bytes.file)))
      #expect(empty["min"] is NSNull && empty["mean"] is NSNull && empty["nonfinite"] as? Int == 5)
    }
  }

  @Test("A file that cannot be read has its name and an error with code and message")
  func failure() throws {
    try withTemporaryFolder { folder in
      let path = try folder.file("x.nii", Array(NIfTIFaultTests.example().file.dropLast()))
      let inspection = ImageInspection(path: path)
      let json = try object(inspection)
      #expect(Set(json.keys) == ["file", "error"] && inspection.exitCode == 65)
      let error = try #require(json["error"] as? [String: String])
      #expect(Set(error.keys) == ["code", "message"] && error["code"] == "nifti.truncated")
      #expect(ImageInspection(path: folder.path + "/none").exitCode == 66)
    }
  }

  @Test("Pictures are inspected by the same keys")
  func pictures() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/picture.bin"
      try PNGWriter().write(Plane<UInt16>(width: 3, height: 2, pixels: [0, 1, 2, 3, 4, 65535]), to: path)
      let json = try object(ImageInspection(path: path))
      #expect(Set(json.keys) == Self.keys)
      #expect(json["format"] as? String == "PNG" && json["shape"] as? [Int] == [3, 2])
      #expect(json["datatype"] as? String == "uint16" && json["max"] as? Double == 65535)
      #expect(json["affine"] is NSNull && json["axes"] is NSNull)
    }
  }
}
