import Foundation
import ImageFiles
import Imaging
import Numerics
import TestSupport
import Testing

@Suite("Random damage")
struct FuzzTests {
  /// Small valid files of every kind, with the values they hold where damage must not change them.
  private static let corpus: [(name: String, bytes: [UInt8])] = {
    var files: [(String, [UInt8])] = []
    for version in [1, 2] {
      for isBigEndian in [false, true] {
        for (datatype, size) in [(2, 1), (4, 2), (16, 4), (64, 8), (1280, 8)] {
          var bytes = NIfTIBytes(
            shape: [5, 4, 3], datatype: datatype, bytes: size, version: version, isBigEndian: isBigEndian)
          bytes.body = bytes.body.indices.map { UInt8(truncatingIfNeeded: $0 % 13) }
          bytes.set(.qformCode, 1)
          files.append(("x.nii", bytes.file))
          files.append(("x.nii.gz", Gzip.compress(bytes.file)))
        }
      }
    }
    for (depth, type, channels) in [(8, 0, 1), (8, 2, 3), (16, 0, 1), (8, 6, 4), (1, 0, 1), (16, 2, 3)] {
      let samples = (0..<7 * 5 * channels).map { $0 % (depth == 1 ? 2 : 251) }
      let builder = PNGBuilder(
        width: 7, height: 5, bitDepth: depth, colorType: type, isInterlaced: type == 2, samples: samples)
      files.append(("x.png", builder.file))
    }
    return files
  }()

  @Test(
    "Flipped, cut, repeated and exchanged bytes give an error or an image, never a crash", arguments: 0..<20)
  func damage(round: Int) throws {
    let seed: UInt64 = 20_261_122
    // Nothing in these files is large, so a large claim is refused early and a round stays quick.
    let limits = ImageFileLimits(voxelBytes: 1 << 24, pixels: 1 << 20)
    try withTemporaryFolder { folder in
      for index in 0..<150 {
        var stream = RandomStream(seed: seed, purpose: "damage", indices: round, index)
        let original = Self.corpus[stream.integer(0...Self.corpus.count - 1)]
        let damaged = Self.damaged(original.bytes, &stream)
        let path = try folder.file(original.name, damaged)
        let label: Comment = "seed \(seed), round \(round), index \(index), \(original.name)"
        let inspection = ImageInspection(path: path, limits: limits)
        #expect(inspection.error == nil || [65, 66].contains(inspection.exitCode), label)
        #expect(throws: Never.self, label) { try JSONEncoder().encode(inspection) }
        do {
          let image = try NIfTIFile(path: path, limits: limits).readVolume(at: nil)
          #expect(image.volume.voxels.allSatisfy { $0.isFinite }, label)
          #expect(image.volume.voxels.count == image.volume.shape.count, label)
        } catch let error as ImageFileError {
          #expect([65, 66].contains(error.exitCode), label)
        }
        do { _ = try NIfTIFile(path: path, limits: limits).readLabels() } catch is ImageFileError {}
        do { _ = try RasterFile.read(path: path, limits: limits) } catch is ImageFileError {}
        // The checksum of a compressed file leaves two outcomes only.
        if original.name == "x.nii.gz", inspection.error == nil, damaged.count == original.bytes.count {
          let intact = ImageInspection(path: try folder.file("intact.nii.gz", original.bytes), limits: limits)
          #expect(intact.mean == inspection.mean && intact.shape == inspection.shape, label)
        }
      }
    }
  }

  private static func damaged(_ bytes: [UInt8], _ stream: inout RandomStream) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<stream.integer(1...4) where !bytes.isEmpty {
      // Half of the damage falls on the header, where it does most.
      let last = bytes.count - 1
      let place = stream.integer(0...(stream.chance(0.5) ? min(last, 360) : last))
      switch stream.integer(0...5) {
      case 0: bytes[place] ^= 1 << UInt8(stream.integer(0...7))
      case 1: bytes[place] = [0, 1, 0x7F, 0x80, 0xFF][stream.integer(0...4)]
      case 2: bytes.removeSubrange(place...)
      case 3: bytes.remove(at: place)
      case 4:
        bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + stream.integer(1...16))], at: place)
      default:
        for offset in 0..<min(4, bytes.count - place) {
          bytes[place + offset] = UInt8(stream.integer(0...255))
        }
      }
    }
    return bytes
  }
}
