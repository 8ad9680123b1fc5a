import Foundation

/// A stream of random numbers keyed by what it is for, not by which thread asks.
///
/// Philox 4×32 with 10 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): the n-th block is
/// a function of the key and n alone. The key is made of the seed, the purpose and any indices (case, epoch,
/// sample), so the numbers of one sample do not depend on how many workers draw or in which order.
public struct RandomStream: RandomNumberGenerator, Sendable, Codable, Hashable {
  private let key: SIMD2<UInt32>
  private var counter: UInt64
  private let salt: UInt64
  private var block: SIMD4<UInt32> = .zero
  private var used = 4

  /// The stream of `seed` for `purpose`, for one sample named by `indices`.
  public init(seed: UInt64, purpose: String, indices: Int...) {
    var hash = mixed(seed ^ 0x9E37_79B9_7F4A_7C15)
    for byte in purpose.utf8 { hash = mixed(hash ^ UInt64(byte)) }
    for index in indices { hash = mixed(hash ^ UInt64(bitPattern: Int64(index))) }
    key = [UInt32(truncatingIfNeeded: hash), UInt32(truncatingIfNeeded: hash >> 32)]
    salt = mixed(hash)
    counter = 0
  }

  /// 64 random bits.
  public mutating func next() -> UInt64 { UInt64(next32()) << 32 | UInt64(next32()) }

  /// 32 random bits.
  public mutating func next32() -> UInt32 {
    if used == 4 {
      block = RandomStream.philox(
        [
          UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32),
          UInt32(truncatingIfNeeded: salt), UInt32(truncatingIfNeeded: salt >> 32),
        ], key: key)
      counter += 1
      used = 0
    }
    defer { used += 1 }
    return block[used]
  }

  /// A number in [0, 1), with 24 random bits.
  public mutating func uniform() -> Float { Float(next32() >> 8) * 0x1p-24 }

  /// A number in `range`.
  public mutating func uniform(_ range: ClosedRange<Float>) -> Float {
    range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
  }

  /// A number in [0, 1), with 53 random bits.
  public mutating func uniformDouble() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A whole number in `range`, each equally likely.
  public mutating func integer(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

  /// True with probability `probability`.
  public mutating func chance(_ probability: Float) -> Bool { uniform() < probability }

  /// A standard normal number (Box and Muller, 1958).
  public mutating func normal() -> Float {
    let radius = (-2 * log(1 - uniformDouble())).squareRoot()
    return Float(radius * cos(2 * .pi * uniformDouble()))
  }

  /// One block of Philox 4×32-10.
  public static func philox(_ counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var (c, k) = (counter, key)
    for round in 0..<10 {
      if round > 0 { k = k &+ [0x9E37_79B9, 0xBB67_AE85] }
      let first = UInt64(c[0]) * 0xD251_1F53
      let second = UInt64(c[2]) * 0xCD9E_8D57
      c = [
        UInt32(truncatingIfNeeded: second >> 32) ^ c[1] ^ k[0], UInt32(truncatingIfNeeded: second),
        UInt32(truncatingIfNeeded: first >> 32) ^ c[3] ^ k[1], UInt32(truncatingIfNeeded: first),
      ]
    }
    return c
  }
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
private func mixed(_ value: UInt64) -> UInt64 {
  var z = value &+ 0x9E37_79B9_7F4A_7C15
  z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
  z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
  return z ^ (z >> 31)
}
