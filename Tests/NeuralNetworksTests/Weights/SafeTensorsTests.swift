import Foundation
import NeuralNetworks
import Numerics
import TestSupport
import Testing

@Suite("safetensors")
struct SafeTensorsTests {
  static let sample: SafeTensors = {
    var file = SafeTensors(metadata: ["a \"note\"": "line 1\nline 2 \u{1} é 🩸", "empty": ""])
    file.tensors["weights"] = .init([1.5, -2, 3] as [Float], shape: [3])
    file.tensors["half"] = .init([0.5, 1e-3] as [Float], shape: [1, 2], halfPrecision: .float16)
    file.tensors["brain"] = .init([0.5, 1e30] as [Float], shape: [2], halfPrecision: .bfloat16)
    file.tensors["exact"] = .init([Double.pi], shape: [])
    file.tensors["count"] = .init([7] as [Int64], shape: [1])
    file.tensors["nothing"] = .init([] as [Float], shape: [0, 4])
    file.tensors["flag"] = .init(type: .bool, shape: [1], bytes: Data([1]))
    return file
  }()

  @Test("What is written is read back, and the same contents give the same bytes")
  func roundTrip() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("sample.safetensors")
      try Self.sample.write(to: url)
      let read = try SafeTensors(contentsOf: url)
      #expect(read.tensors == Self.sample.tensors && read.metadata == Self.sample.metadata && read.isVerified)
      #expect(try Data(contentsOf: url) == Self.sample.encoded())
      #expect(Self.sample.tensors["half"]?.floats == [0.5, 0.0010004044])
      #expect(Self.sample.tensors["exact"]?.doubles == [Double.pi])
      #expect(Self.sample.tensors["count"]?.floats == [7])
    }
  }

  @Test("A file of the reference writer is read: types, shapes, metadata, values")
  func referenceFile() throws {
    let file = try SafeTensors(contentsOf: goldenURL("reference.safetensors"))
    #expect(file.metadata == ["made by": "safetensors (Python)"])
    #expect(file.tensors.count == TensorType.allCases.count - 2)
    for (name, tensor) in file.tensors {
      #expect(name == tensor.type.rawValue)
      #expect(tensor.shape == [2, 3])
      #expect(tensor.floats == (tensor.type == .bool ? [0, 1, 1, 1, 1, 1] : [0, 1, 2, 3, 4, 5]))
    }
  }

  @Test("A file cut at any byte is refused")
  func cuts() {
    let file = Self.sample.encoded()
    for length in 0..<file.count {
      #expect(throws: SafeTensorsError.self, "cut at \(length)") {
        try SafeTensors(file.prefix(length), name: "cut")
      }
    }
  }

  @Test("Any single flipped bit is noticed")
  func flippedBits() {
    let file = Self.sample.encoded()
    for bit in 0..<8 * file.count {
      var damaged = file
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      let contents = try? SafeTensors(damaged, name: "flipped")
      // A flip in the checksum's own name leaves a file without one, as other writers make.
      #expect(contents?.isVerified != true, "bit \(bit)")
    }
  }

  @Test("Random damage never traps", arguments: 0..<20)
  func randomDamage(seed: Int) {
    let file = Self.sample.encoded()
    var random = RandomStream(seed: UInt64(seed), purpose: "damage")
    for _ in 0..<500 {
      var damaged = file
      for _ in 0..<random.integer(1...8) {
        damaged[random.integer(0...file.count - 1)] = UInt8(truncatingIfNeeded: random.next())
      }
      if random.chance(0.2) { damaged = damaged.prefix(random.integer(0...damaged.count)) }
      _ = try? SafeTensors(damaged, name: "damaged")
    }
  }

  private func file(_ header: String, bytes: Int = 0) -> Data {
    var length = UInt64(header.utf8.count).littleEndian
    return withUnsafeBytes(of: &length) { Data($0) } + Data(header.utf8) + Data(repeating: 0, count: bytes)
  }

  private static let tensor = #""dtype":"F32","shape":[1],"data_offsets""#

  @Test(
    "Faults are named",
    arguments: [
      (
        #"{"a":{\#(tensor):[0,4]},"a":{\#(tensor):[4,8]}}"#, 8, SafeTensorsError.Kind.header,
        "duplicate name a"
      ),
      (#"{"a":{\#(tensor):[0,4]},"b":{\#(tensor):[2,6]}}"#, 6, .offsets, "hole or overlap"),
      (#"{"a":{\#(tensor):[0,4]},"b":{\#(tensor):[8,12]}}"#, 12, .offsets, "hole or overlap"),
      (#"{"a":{\#(tensor):[4,8]}}"#, 8, .offsets, "expected 0"),
      (#"{"a":{\#(tensor):[0,4]}}"#, 5, .offsets, "belong to none"),
      (#"{"a":{\#(tensor):[0,4]}}"#, 3, .truncated, "copy the file again"),
      (#"{"a":{\#(tensor):[4,0]}}"#, 4, .header, "rising"),
      (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4, .shape, "needs 8 bytes, 4 given"),
      (
        #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#, 4, .shape, "overflows"
      ),
      (#"{"a":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}"#, 4, .header, "unknown type F99"),
      (
        #"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}"#, 4, .header, "too large"
      ),
      (#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4, .header, "whole number"),
      (#"{"a":{"dtype":"F32","shape":[1]}}"#, 4, .header, "needs dtype, shape"),
      (#"{"__metadata__":{"a":1}}"#, 0, .header, "expected"),
      (#"{"__metadata__":{"a":"x","a":"y"}}"#, 0, .header, "duplicate metadata"),
      ("[1]", 0, .header, "must begin with {"),
      (#"{"a\ud800":{}}"#, 0, .header, "surrogate"),
      ("{} x", 0, .header, "after the closing brace"),
    ])
  func faults(header: String, bytes: Int, kind: SafeTensorsError.Kind, words: String) throws {
    let error = try #require(throws: SafeTensorsError.self) {
      try SafeTensors(file(header, bytes: bytes), name: "bad.safetensors")
    }
    #expect(error.kind == kind)
    #expect(error.description.contains(words) && error.description.hasPrefix("bad.safetensors: "))
  }

  @Test("A header that claims 2^63 bytes is refused without reading it")
  func hugeHeader() throws {
    let error = try #require(throws: SafeTensorsError.self) {
      try SafeTensors(Data([0, 0, 0, 0, 0, 0, 0, 128]) + Data("{}".utf8), name: "huge")
    }
    #expect(error.kind == .headerTooLarge)
  }

  @Test("Folders and missing files are refused")
  func noFile() {
    for path in ["/nowhere.safetensors", "/tmp", "/dev/zero"] {
      #expect(throws: SafeTensorsError.self) { try SafeTensors(contentsOf: URL(fileURLWithPath: path)) }
    }
  }
}
