import Foundation

/// The JSON header of a safetensors file: an object of tensors, and of texts under `__metadata__`.
///
/// Parsed by hand because a duplicate name must be refused, which Foundation's parser does not notice. The grammar is
/// narrow and of fixed depth, so damaged input cannot exhaust the stack.
struct SafeTensorsHeader {
  struct Entry {
    let name: String
    let type: TensorType
    let shape: [Int]
    let begin: Int
    let end: Int
  }

  struct Failure: Error {
    let position: Int
    let reason: String
  }

  private(set) var entries: [Entry] = []
  private(set) var metadata: [String: String] = [:]
  private let bytes: [UInt8]
  private var position = 0

  init(parsing bytes: [UInt8]) throws(Failure) {
    self.bytes = bytes
    guard bytes.first == UInt8(ascii: "{") else { throw failure("must begin with {") }
    var names: Set<String> = []
    try object { (header, name) throws(Failure) in
      guard names.insert(name).inserted else { throw header.failure("duplicate name \(name)") }
      if name == "__metadata__" {
        try header.texts()
      } else {
        try header.tensor(name)
      }
    }
    skipSpace()
    guard position == bytes.count else { throw failure("text after the closing brace") }
  }

  // MARK: - The three kinds of objects

  private mutating func texts() throws(Failure) {
    try object { (header, key) throws(Failure) in
      guard header.metadata[key] == nil else { throw header.failure("duplicate metadata \(key)") }
      header.metadata[key] = try header.string()
    }
  }

  private mutating func tensor(_ name: String) throws(Failure) {
    var (type, shape, offsets): (TensorType?, [Int]?, [Int]?) = (nil, nil, nil)
    try object { (header, key) throws(Failure) in
      switch key {
      case "dtype" where type == nil:
        let text = try header.string()
        type = TensorType(rawValue: text)
        if type == nil { throw header.failure("tensor \(name): unknown type \(text)") }
      case "shape" where shape == nil: shape = try header.integers()
      case "data_offsets" where offsets == nil: offsets = try header.integers()
      default: throw header.failure("tensor \(name): unexpected or repeated key \(key)")
      }
    }
    guard let type, let shape, let offsets, offsets.count == 2, offsets[0] <= offsets[1] else {
      throw failure("tensor \(name): needs dtype, shape and two rising data_offsets")
    }
    entries.append(Entry(name: name, type: type, shape: shape, begin: offsets[0], end: offsets[1]))
  }

  /// Read an object; `member` reads each value.
  private mutating func object(
    _ member: (inout SafeTensorsHeader, String) throws(Failure) -> Void
  ) throws(Failure) {
    try expect("{")
    if take("}") { return }
    repeat {
      let key = try string()
      try expect(":")
      try member(&self, key)
    } while take(",")
    try expect("}")
  }

  private mutating func integers() throws(Failure) -> [Int] {
    try expect("[")
    if take("]") { return [] }
    var values: [Int] = []
    repeat { values.append(try integer()) } while take(",")
    try expect("]")
    return values
  }

  // MARK: - Tokens

  private mutating func integer() throws(Failure) -> Int {
    skipSpace()
    var value = 0
    let start = position
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
      let (product, first) = value.multipliedReportingOverflow(by: 10)
      let (sum, second) = product.addingReportingOverflow(Int(bytes[position] - 0x30))
      guard !first && !second else { throw failure("number too large") }
      value = sum
      position += 1
    }
    guard position > start else { throw failure("a whole number expected") }
    guard position == start + 1 || bytes[start] != 0x30 else { throw failure("number with a leading zero") }
    return value
  }

  private mutating func string() throws(Failure) -> String {
    try expect("\"")
    var text: [UInt8] = []
    while true {
      guard position < bytes.count else { throw failure("text without end") }
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let result = String(validating: text, as: UTF8.self) else { throw failure("text is not UTF-8") }
        return result
      case UInt8(ascii: "\\"): text += try escape()
      case 0..<0x20: throw failure("control character in a text")
      default: text.append(byte)
      }
    }
  }

  private mutating func escape() throws(Failure) -> [UInt8] {
    guard position < bytes.count else { throw failure("text without end") }
    defer { position += 1 }
    switch bytes[position] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [bytes[position]]
    case UInt8(ascii: "b"): return [8]
    case UInt8(ascii: "f"): return [12]
    case UInt8(ascii: "n"): return [10]
    case UInt8(ascii: "r"): return [13]
    case UInt8(ascii: "t"): return [9]
    case UInt8(ascii: "u"):
      var unit = try codeUnit()
      if (0xD800..<0xDC00).contains(unit) {
        guard position + 2 < bytes.count, bytes[position + 1] == UInt8(ascii: "\\"),
          bytes[position + 2] == UInt8(ascii: "u")
        else { throw failure("half a surrogate pair") }
        position += 2
        let low = try codeUnit()
        guard (0xDC00..<0xE000).contains(low) else { throw failure("half a surrogate pair") }
        unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(unit) else { throw failure("half a surrogate pair") }
      return Array(String(Character(scalar)).utf8)
    default: throw failure("unknown escape")
    }
  }

  /// Four hexadecimal digits after the `u` at `position`, which is left at the last of them.
  private mutating func codeUnit() throws(Failure) -> UInt32 {
    guard position + 4 < bytes.count else { throw failure("text without end") }
    var value: UInt32 = 0
    for _ in 0..<4 {
      position += 1
      guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
        throw failure("four hexadecimal digits expected")
      }
      value = value << 4 | UInt32(digit)
    }
    return value
  }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(Failure) {
    guard take(character) else { throw failure("\(character) expected") }
  }

  private func failure(_ reason: String) -> Failure { Failure(position: position, reason: reason) }

  // MARK: - Writing

  /// The header of `tensors`, laid out in this order.
  static func encoded(_ tensors: [(name: String, tensor: SafeTensors.Tensor)], _ metadata: [String: String])
    -> Data
  {
    var members: [String] = []
    if !metadata.isEmpty {
      let texts = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
      members.append("\"__metadata__\":{\(texts.joined(separator: ","))}")
    }
    var begin = 0
    for (name, tensor) in tensors {
      let end = begin + tensor.bytes.count
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(quoted(name)):{\"dtype\":\"\(tensor.type.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(begin),\(end)]}")
      begin = end
    }
    return Data("{\(members.joined(separator: ","))}".utf8)
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
