import Foundation
import Numerics
import Testing

@Suite("Vector mathematics")
struct VectorMathTests {
  /// The largest error of `vector` against `scalar`, in units of the last place of the result (at least of 1 · `floor`).
  private func worstError(
    _ inputs: [Float], floor: Float = 0, _ vector: (SIMD16<Float>) -> SIMD16<Float>,
    _ scalar: (Double) -> Double
  ) -> Double {
    var worst = 0.0
    for start in stride(from: 0, to: inputs.count - 15, by: 16) {
      let block = SIMD16<Float>(inputs[start..<start + 16])
      let result = vector(block)
      for lane in 0..<16 {
        let exact = scalar(Double(block[lane]))
        let unit = Double(max(abs(Float(exact)).ulp, floor.ulp))
        worst = max(worst, abs(Double(result[lane]) - exact) / unit)
      }
    }
    return worst
  }

  @Test("exp is right to 2 units in the last place over the whole range")
  func exponential() {
    let inputs = stride(from: Float(-87), to: 88.3, by: 0.00731).map { $0 }
    #expect(worstError(inputs, { exp($0) }, { Foundation.exp($0) }) <= 2)
    #expect(exp(SIMD16<Float>(repeating: 0)) == SIMD16(repeating: 1))
    #expect(exp(SIMD16<Float>(repeating: -1e30))[0] < 1e-37)
    #expect(exp(SIMD16<Float>(repeating: 1e30))[3] > 2e38)
    #expect(exp(SIMD16<Float>(repeating: .nan))[5].isNaN)
  }

  @Test("log is right to 2 units in the last place, subnormal numbers included")
  func logarithm() {
    let inputs = (0..<40_000).map { Float(Foundation.exp(-101 + Double($0) * 0.0047)) }
    #expect(worstError(inputs, floor: 0.25, { log($0) }, { Foundation.log($0) }) <= 2)
    #expect(log(SIMD16<Float>(repeating: 1)) == .zero)
    #expect(0 * log(SIMD16<Float>.zero)[0] == 0)
  }

  @Test("log1p keeps its digits for tiny numbers")
  func logarithmNearOne() {
    let inputs = (0..<20_000).map { Float(Foundation.exp(-60 + Double($0) * 0.003)) }
    #expect(worstError(inputs, { log1p($0) }, { Foundation.log1p($0) }) <= 4)
  }

  @Test("sigmoid lies in [0, 1] and is right to 3 units in the last place")
  func logistic() {
    let inputs = stride(from: Float(-80), to: 80, by: 0.0113).map { $0 }
    #expect(worstError(inputs, { sigmoid($0) }, { 1 / (1 + Foundation.exp(-$0)) }) <= 3)
    #expect(sigmoid(SIMD16<Float>(repeating: -1e9))[0] >= 0)
    #expect(sigmoid(SIMD16<Float>(repeating: 1e9))[0] == 1)
  }
}
