import Foundation
import ImageFiles
import Imaging
import TestSupport
import Testing

@Suite("Labels and masks")
struct LabelTests {
  private func file(_ values: [Double], slope: Double = 1, in folder: URL) throws -> NIfTIFile {
    var bytes = NIfTIBytes(shape: [values.count], datatype: 64, bytes: 8)
    bytes.setVoxels(values)
    bytes.set(.slope, 0, slope)
    return try NIfTIFile(path: try folder.file("labels.nii", bytes.file))
  }

  @Test("Row 30: fractional and huge labels are refused with the values found")
  func notIntegral() throws {
    try withTemporaryFolder { folder in
      for (values, found) in [
        ([0, 0.5, 1, 0.25], "0.25, 0.5"), ([0, 1e10], "10000000000.0"), ([0, -3e9], "-3000000000.0"),
      ] {
        let error = #expect(throws: ImageFileError.self) { try file(values, in: folder).readLabels() }
        #expect(
          error?.code == "labels.not-integral" && error?.message.contains(found) == true,
          "\(error?.message ?? "")")
      }
      // Stored with a slope that is not exact in binary, as many tools save masks.
      let scaled = try file([0, 255, 510], slope: Double(Float(1) / 255), in: folder).readLabels()
      #expect(scaled.volume.voxels == [0, 1, 2])
    }
  }

  private func mask(_ values: [Double], _ rule: MaskRule) throws -> [UInt8] {
    try withTemporaryFolder { try file(values, in: $0).readMask(rule).volume.voxels }
  }

  @Test("Row 30: a mask is 0 and one positive value, or what the rule names")
  func masks() throws {
    #expect(try mask([0, 1, 0], .binary) == [0, 1, 0])
    #expect(try mask([0, 255, 0], .binary) == [0, 1, 0])
    #expect(try mask([0, 0, 0], .binary) == [0, 0, 0])
    #expect(try mask([0, 1, 7], .anyLabel) == [0, 1, 1])
    #expect(try mask([0, 1, 7], .labels([7, 9])) == [0, 0, 1])
    let refused: [([Double], MaskRule)] = [
      ([0, 1, 7], .binary), ([0, -1], .binary), ([0, -1], .anyLabel), ([0, 1, 7], .labels([4])),
    ]
    for (values, rule) in refused {
      let error = #expect(throws: ImageFileError.self) { try mask(values, rule) }
      let found = values.sorted().map { "\(Int($0))" }.joined(separator: ", ")
      #expect(error?.code == "labels.unexpected" && error?.message.contains("found: \(found)") == true)
    }
  }

  @Test("Every number type is read as labels")
  func types() throws {
    try withTemporaryFolder { folder in
      let grid = VoxelGrid(shape: VoxelShape(3, 1, 1))
      func check<Scalar: NIfTIScalar & ExpressibleByIntegerLiteral>(_: Scalar.Type) throws {
        let path = folder.appendingPathComponent("\(Scalar.self).nii.gz").path
        try NIfTIWriter().write(Volume<Scalar>(grid: grid, voxels: [0, 5, 100]), to: path)
        #expect(try NIfTIFile(path: path).readLabels().volume.voxels == [0, 5, 100], "\(Scalar.self)")
      }
      try check(UInt8.self)
      try check(Int8.self)
      try check(UInt16.self)
      try check(Int16.self)
      try check(UInt32.self)
      try check(Int32.self)
      try check(UInt64.self)
      try check(Float.self)
      try check(Double.self)
      try check(Int64.self)
    }
  }
}
