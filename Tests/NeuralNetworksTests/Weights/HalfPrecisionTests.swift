import NeuralNetworks
import Numerics
import Testing

@Suite("16-bit floating point")
struct HalfPrecisionTests {
  @Test("Every bfloat16 and half-precision number survives the way through single precision")
  func allBits() {
    let bits = (0...UInt16.max).map { $0 }
    let brain = HalfPrecision.floats(bfloat16: bits)
    for (back, (bits, value)) in zip(HalfPrecision.bfloat16(brain), zip(bits, brain)) {
      #expect(value.isNaN ? (back & 0x7F80 == 0x7F80 && back & 0x7F != 0) : back == bits)
    }
    let half = HalfPrecision.floats(float16: bits)
    for (back, (bits, value)) in zip(HalfPrecision.float16(half), zip(bits, half)) {
      #expect(value.isNaN ? (back & 0x7C00 == 0x7C00 && back & 0x3FF != 0) : back == bits)
    }
  }

  @Test("Numbers are rounded to the nearest, ties to even")
  func rounding() {
    // 1 + 2⁻⁸ lies half-way between 1 and 1 + 2⁻⁷; 1 + 3·2⁻⁸ half-way between odd and even.
    let ties: [Float] = [1 + 0x1p-8, 1 + 3 * 0x1p-8, 1 + 0x1.01p-8, 3.4e38, -0.0]
    #expect(HalfPrecision.bfloat16(ties) == [0x3F80, 0x3F82, 0x3F81, 0x7F80, 0x8000])
    let halves: [Float] = [1 + 0x1p-11, 1 + 3 * 0x1p-11, 65519, 65520, 0x1p-24, 0x1p-26, 1e-9]
    #expect(HalfPrecision.float16(halves) == [0x3C00, 0x3C02, 0x7BFF, 0x7C00, 1, 0, 0])
    var random = RandomStream(seed: 1, purpose: "bfloat16")
    let values = (0..<1003).map { _ in random.normal() }
    for (value, rounded) in zip(values, HalfPrecision.floats(bfloat16: HalfPrecision.bfloat16(values))) {
      #expect(abs(value - rounded) <= abs(value) * 0x1p-8)
    }
  }
}
