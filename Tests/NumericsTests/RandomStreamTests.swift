import Numerics
import Testing

@Suite("Random streams")
struct RandomStreamTests {
  @Test("Philox 4×32-10 gives the known answers of the Random123 distribution")
  func knownAnswers() {
    #expect(
      RandomStream.philox(.zero, key: .zero) == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
    let ones = SIMD4<UInt32>(repeating: .max)
    #expect(
      RandomStream.philox(ones, key: [.max, .max]) == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
    #expect(
      RandomStream.philox(
        [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], key: [0xa409_3822, 0x299f_31d0])
        == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
  }

  @Test("Streams of another seed, purpose or index differ; the same ones agree")
  func keys() {
    func first(_ seed: UInt64, _ purpose: String, _ index: Int) -> UInt64 {
      var stream = RandomStream(seed: seed, purpose: purpose, indices: index)
      return stream.next()
    }
    #expect(first(1, "noise", 2) == first(1, "noise", 2))
    #expect(first(1, "noise", 2) != first(2, "noise", 2))
    #expect(first(1, "noise", 2) != first(1, "field", 2))
    #expect(first(1, "noise", 2) != first(1, "noise", 3))
  }

  @Test("Normal numbers have mean 0 and variance 1")
  func normal() {
    var stream = RandomStream(seed: 7, purpose: "normal")
    let count = 100_000
    var (sum, squares) = (0.0, 0.0)
    for _ in 0..<count {
      let value = Double(stream.normal())
      sum += value
      squares += value * value
    }
    // Five standard errors of the mean and of the variance.
    #expect(abs(sum / Double(count)) < 5 / Double(count).squareRoot())
    #expect(abs(squares / Double(count) - 1) < 5 * (2 / Double(count)).squareRoot())
  }
}
