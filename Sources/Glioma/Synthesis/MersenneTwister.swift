/// MT19937 (Matsumoto and Nishimura, 1998) with the seeding and the doubles of NumPy's legacy generator, so that the
/// published generator's parameters come out number for number. For nothing else: use `RandomStream`.
package struct MersenneTwister: Sendable {
  private var state: [UInt32]
  private var index = 624

  /// The generator after `numpy.random.seed(seed)`.
  package init(seed: UInt32) {
    state = [seed]
    for i in 1..<624 {
      let previous = state[i - 1]
      state.append(1_812_433_253 &* (previous ^ (previous >> 30)) &+ UInt32(i))
    }
  }

  private mutating func next() -> UInt32 {
    if index == 624 {
      for i in 0..<624 {
        let y = (state[i] & 0x8000_0000) | (state[(i + 1) % 624] & 0x7FFF_FFFF)
        state[i] = state[(i + 397) % 624] ^ (y >> 1) ^ (y & 1 == 1 ? 0x9908_B0DF : 0)
      }
      index = 0
    }
    var y = state[index]
    index += 1
    y ^= y >> 11
    y ^= (y << 7) & 0x9D2C_5680
    y ^= (y << 15) & 0xEFC6_0000
    return y ^ (y >> 18)
  }

  /// `numpy.random.uniform(lower, upper)`.
  package mutating func uniform(_ lower: Double, _ upper: Double) -> Double {
    let (a, b) = (next() >> 5, next() >> 6)
    return lower + (upper - lower) * (Double(a) * 67_108_864 + Double(b)) / 9_007_199_254_740_992
  }
}
