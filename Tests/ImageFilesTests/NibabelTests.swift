import Foundation
import ImageFiles
import Imaging
import TestSupport
import Testing

/// What nibabel says about a file; empty where it refuses the file too.
private struct Golden: Decodable {
  var shape: [Int]?
  var datatype: String?
  var affine: [[Double]]?
  var axes: String?
  var min: Double?
  var max: Double?
  var mean: Double?
  var nonfinite: Int?
  var samples: [[Double]]?

  static let all: [String: Golden] = {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "Golden/nibabel.json")
    guard let data = try? Data(contentsOf: path) else { return [:] }
    return (try? JSONDecoder().decode([String: Golden].self, from: data)) ?? [:]
  }()

  static var names: [String] { all.keys.sorted() }
}

@Suite("Real files against nibabel")
struct NibabelTests {
  @Test("The golden file covers the folders of real files")
  func coverage() { #expect(Golden.all.count > 70) }

  /// Equal to 1e-6 of the larger of the value and `scale`.
  private func isClose(_ a: Double?, _ b: Double?, scale: Double) -> Bool {
    guard let a, let b else { return a == nil && b == nil }
    return abs(a - b) <= 1e-6 * Swift.max(abs(a), abs(b), scale)
  }

  @Test("Values, affine and axes equal nibabel's on a real file, or it is refused", arguments: Golden.names)
  func values(name: String) throws {
    let golden = try #require(Golden.all[name])
    guard let path = realData?.appendingPathComponent(name).path, FileManager.default.fileExists(atPath: path)
    else {
      return print("skipped: no \(name); MALPIGHI_REAL_DATA names the folder")
    }
    let inspection = ImageInspection(path: path)
    // nibabel reads a negative extent, and wraps it.
    guard let shape = golden.shape, shape.allSatisfy({ $0 > 0 }) else {
      #expect(inspection.error != nil, "\(name)")
      return
    }
    #expect(inspection.error == nil, "\(name): \(inspection.error?.message ?? "")")
    let scale = Swift.max(abs(golden.min ?? 0), abs(golden.max ?? 0))
    #expect(inspection.shape == shape && inspection.datatype == golden.datatype, "\(name)")
    #expect(inspection.axes == golden.axes && inspection.nonfinite == golden.nonfinite, "\(name)")
    #expect(isClose(inspection.minimum, golden.min, scale: scale * 1e-3), "\(name)")
    #expect(isClose(inspection.maximum, golden.max, scale: scale * 1e-3), "\(name)")
    #expect(isClose(inspection.mean, golden.mean, scale: scale * 1e-3), "\(name)")
    let matrix = inspection.affine?.matrix ?? []
    for (row, expected) in zip(matrix, golden.affine ?? []) {
      for (a, b) in zip(row, expected) { #expect(isClose(a, b, scale: 1), "\(name): \(a) \(b)") }
    }
    try samples(of: path, name, golden, shape, scale: scale)
  }

  private func samples(
    of path: String, _ name: String, _ golden: Golden, _ shape: [Int], scale: Double
  ) throws {
    let file = try NIfTIFile(path: path)
    let count = file.grid.shape.count
    // One volume of each file, so that the large ones are read once.
    let index = Int((golden.samples?.first?[0] ?? 0)) / count
    let volume = try file.readVolume(at: index).volume
    for sample in golden.samples ?? [] where Int(sample[0]) / count == index {
      let value = Double(volume.voxels[Int(sample[0]) % count])
      #expect(
        isClose(value, sample[1], scale: scale * 1e-3), "\(name) voxel \(sample[0]): \(value) \(sample[1])")
    }
  }
}
