import Foundation
import ImageFiles
import Imaging
import Numerics
import TestSupport
import Testing

@Suite("Writing and reading back")
struct RoundTripTests {
  static let grid = VoxelGrid(
    shape: VoxelShape(7, 5, 3),
    affine: Affine(
      columns: [-0.6, 0.02, 0], [0.0205, 0.615, -0.1], [0, 0.2, 1.23], origin: [90, -126, -72.5]))

  /// The grid with axes made perpendicular, which a qform can hold.
  static var rectangular: VoxelGrid {
    guard let rotation = grid.affine.nearestRotation else { return grid }
    return VoxelGrid(
      shape: grid.shape,
      affine: Affine(
        columns: rotation.column(0) * 0.6, rotation.column(1) * 0.615, rotation.column(2) * 1.25,
        origin: grid.affine.origin))
  }

  private func random<Scalar: FixedWidthInteger & Sendable>(_: Scalar.Type, seed: UInt64) -> Volume<Scalar> {
    var stream = RandomStream(seed: seed, purpose: "round trip")
    return Volume(
      grid: Self.rectangular,
      voxels: (0..<Self.grid.shape.count).map { _ in Scalar(truncatingIfNeeded: stream.next()) })
  }

  private func check<Scalar: NIfTIScalar>(
    _ volume: Volume<Scalar>, _ name: String, in folder: URL, as expected: (Scalar) -> Float
  ) throws {
    for ending in ["nii", "nii.gz"] {
      let path = folder.appendingPathComponent("\(Scalar.self)-\(name).\(ending)").path
      #expect(try NIfTIWriter().write(volume, to: path) == [])
      let image = try NIfTIFile(path: path).readVolume()
      #expect(image.findings == [], "\(Scalar.self)")
      #expect(image.volume.voxels == volume.voxels.map(expected), "\(Scalar.self)")
      #expect(image.header.datatype == Scalar.nifti)
      #expect(
        image.volume.grid.affine.largestDisplacement(from: volume.grid.affine, over: volume.shape) < 1e-4)
    }
  }

  @Test("Every number type comes back as it was written", arguments: 1...5)
  func types(seed: Int) throws {
    let seed = UInt64(seed)
    try withTemporaryFolder { folder in
      try check(random(UInt8.self, seed: seed), "r", in: folder) { Float($0) }
      try check(random(Int8.self, seed: seed), "r", in: folder) { Float($0) }
      try check(random(UInt16.self, seed: seed), "r", in: folder) { Float($0) }
      try check(random(Int16.self, seed: seed), "r", in: folder) { Float($0) }
      try check(random(UInt32.self, seed: seed), "r", in: folder) { Float($0) }
      try check(random(Int32.self, seed: seed), "r", in: folder) { Float($0) }
      try check(random(UInt64.self, seed: seed), "r", in: folder) { Float($0) }
      try check(random(Int64.self, seed: seed), "r", in: folder) { Float($0) }
      let floats = random(Int32.self, seed: seed).map { Float($0) * 1e-3 }
      try check(floats, "r", in: folder) { $0 }
      try check(floats.map { Double($0) * 1.1 }, "r", in: folder) { Float($0) }
    }
  }

  @Test("A volume large enough for several threads comes back voxel by voxel")
  func large() throws {
    try withTemporaryFolder { folder in
      let grid = VoxelGrid(shape: VoxelShape(211, 97, 53))
      let bytes = Volume<UInt8>(
        grid: grid, voxels: (0..<grid.shape.count).map { UInt8(truncatingIfNeeded: $0 &* 7919 >> 5) })
      let shorts = bytes.map { Int16($0) * 100 - 9000 }
      for ending in ["nii", "nii.gz"] {
        let path = folder.appendingPathComponent("large.\(ending)").path
        try NIfTIWriter().write(bytes, to: path)
        #expect(try NIfTIFile(path: path).readVolume().volume == bytes.map { Float($0) })
        #expect(try NIfTIFile(path: path).readLabels().volume == bytes.map { Int32($0) })
        try NIfTIWriter().write(shorts, to: path)
        #expect(try NIfTIFile(path: path).readVolume().volume == shorts.map { Float($0) })
        try NIfTIWriter().write(shorts.map { Float($0) / 3 }, to: path)
        #expect(try NIfTIFile(path: path).readVolume().volume == shorts.map { Float($0) / 3 })
      }
    }
  }

  @Test("Labels take the smallest integer type and carry the label intent")
  func labels() throws {
    let cases: [([Int32], NIfTIDatatype)] = [
      ([0, 255], .uint8), ([0, 256], .int16), ([-1, 3], .int16), ([0, 65535], .uint16),
      ([-1, 65535], .int32),
      ([0, 70000], .int32),
    ]
    try withTemporaryFolder { folder in
      for (values, datatype) in cases {
        let path = folder.appendingPathComponent("labels.nii.gz").path
        let labels = LabelMap(grid: VoxelGrid(shape: VoxelShape(2, 1, 1)), voxels: values)
        try NIfTIWriter().write(labels: labels, to: path)
        let image = try NIfTIFile(path: path).readLabels()
        #expect(image.volume == labels)
        #expect(image.header.datatype == datatype && image.header.intent == 1002)
      }
    }
  }

  @Test("The same volume gives the same bytes, at any level, and gzip holds no time")
  func deterministic() throws {
    try withTemporaryFolder { folder in
      let volume = random(Int16.self, seed: 3)
      for level in 1...6 {
        let paths = ["a", "b"].map { folder.appendingPathComponent("\($0)\(level).nii.gz").path }
        for path in paths { try NIfTIWriter(compressionLevel: level).write(volume, to: path) }
        let files = try paths.map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
        #expect(files[0] == files[1])
        #expect(files[0][4..<8].allSatisfy { $0 == 0 })
      }
    }
  }

  @Test("sform and qform are written equal, with the code of the input")
  func orientation() throws {
    try withTemporaryFolder { folder in
      for code in 1...5 {
        var bytes = NIfTIBytes()
        bytes.set(.sformCode, code)
        let like = try NIfTIFile(path: try folder.file("like.nii", bytes.file)).header
        let path = folder.appendingPathComponent("out.nii").path
        try NIfTIWriter(like: like).write(random(UInt8.self, seed: 1), to: path)
        var raw = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        #expect(raw[252] == UInt8(code) && raw[254] == UInt8(code))
        let sform = try NIfTIFile(path: path)
        #expect(sform.findings == [] && sform.header.affineSource == .sform)
        // Without the sform the qform must say the same.
        raw[254] = 0
        let qform = try NIfTIFile(path: try folder.file("qform.nii", raw))
        #expect(qform.header.affineSource == .qform)
        #expect(
          qform.header.affine.largestDisplacement(from: sform.header.affine, over: Self.grid.shape) < 1e-4)
      }
    }
  }

  @Test("A sheared affine is written as sform alone, and said so")
  func sheared() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("sheared.nii").path
      let findings = try NIfTIWriter().write(Volume<Float>(grid: Self.grid, filledWith: 1), to: path)
      #expect(findings.map(\.code) == ["nifti.sheared"])
      let file = try NIfTIFile(path: path)
      #expect(file.header.qformCode == 0 && file.header.sformCode == 2)
      #expect(file.findings.map(\.code) == ["nifti.sheared"])
      #expect(file.header.affine.largestDisplacement(from: Self.grid.affine, over: Self.grid.shape) < 1e-4)
    }
  }

  @Test("Left-handed, permuted and flipped axes survive in both forms")
  func handedness() throws {
    try withTemporaryFolder { folder in
      for axes in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        for signs in 0..<8 {
          var columns: [SIMD3<Double>] = []
          for axis in 0..<3 {
            var column = SIMD3<Double>.zero
            column[axes[axis]] = (signs >> axis & 1 == 0 ? 1 : -1) * (0.5 + Double(axis))
            columns.append(column)
          }
          let affine = Affine(columns: columns[0], columns[1], columns[2], origin: [1, 2, 3])
          let grid = VoxelGrid(shape: VoxelShape(2, 3, 4), affine: affine)
          let path = folder.appendingPathComponent("axes.nii").path
          try NIfTIWriter().write(Volume<UInt8>(grid: grid, filledWith: 1), to: path)
          var raw = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
          #expect(try NIfTIFile(path: path).grid == grid)
          raw[254] = 0
          let qform = try NIfTIFile(path: try folder.file("qform.nii", raw)).header.affine
          #expect(qform.largestDisplacement(from: affine, over: grid.shape) < 1e-5)
        }
      }
    }
  }

  @Test("An axis longer than 32767 is written as NIfTI-2")
  func version2() throws {
    try withTemporaryFolder { folder in
      let grid = VoxelGrid(shape: VoxelShape(40_000, 2, 1), affine: Self.rectangular.affine)
      let volume = Volume<UInt8>(grid: grid, voxels: (0..<80_000).map { UInt8(truncatingIfNeeded: $0) })
      let path = folder.appendingPathComponent("long.nii.gz").path
      #expect(try NIfTIWriter().write(volume, to: path) == [])
      let image = try NIfTIFile(path: path).readVolume()
      #expect(image.header.version == .two && image.findings == [])
      #expect(image.volume.voxels == volume.voxels.map { Float($0) })
      #expect(image.volume.grid.affine.largestDisplacement(from: grid.affine, over: grid.shape) < 1e-9)
    }
  }

  @Test("An unused header byte is zero, and no text but the program's name is in it")
  func clean() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("clean.nii").path
      try NIfTIWriter(displayRange: 0...1).write(random(UInt8.self, seed: 9), to: path)
      let header = Array(try Data(contentsOf: URL(fileURLWithPath: path))).prefix(352)
      #expect(Array(header[148..<156]) == Array("Malpighi".utf8))
      // data_type … dim_info, slice_code, glmax, glmin, the rest of descrip, aux_file, intent_name, flags.
      for unused in [4..<40, 122..<123, 132..<148, 156..<252, 328..<344, 348..<352] {
        #expect(header[unused].allSatisfy { $0 == 0 }, "\(unused)")
      }
    }
  }
}
