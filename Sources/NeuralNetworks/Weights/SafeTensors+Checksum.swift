import Foundation

extension SafeTensors {
  /// The metadata entry that holds the checksum.
  static let checksumKey = "malpighi.checksum"

  /// A checksum of everything in the file but itself: FNV-1a (Fowler, Noll and Vo) over 64-bit words.
  ///
  /// Each step is a bijection of the state, so any single changed bit changes the result. It guards against damage, not
  /// against intent.
  func checksum() -> String {
    var state: UInt64 = 0xCBF2_9CE4_8422_2325
    func mix(_ word: UInt64) { state = (state ^ word) &* 0x100_0000_01B3 }
    func mix(_ bytes: UnsafeRawBufferPointer) {
      mix(UInt64(bytes.count))
      let words = bytes.count / 8
      for i in 0..<words {
        mix(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * i, as: UInt64.self)))
      }
      for i in 8 * words..<bytes.count { mix(UInt64(bytes[i])) }
    }
    func mix(_ text: String) { Array(text.utf8).withUnsafeBytes { mix($0) } }
    for (key, text) in metadata.sorted(by: { $0.key < $1.key }) where key != Self.checksumKey {
      mix(key)
      mix(text)
    }
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      mix(name)
      mix(tensor.type.rawValue)
      for extent in tensor.shape { mix(UInt64(extent)) }
      tensor.bytes.withUnsafeBytes { mix($0) }
    }
    let digits = String(state, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
