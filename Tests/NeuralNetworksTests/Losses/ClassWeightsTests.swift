import NeuralNetworks
import Testing

@Suite("Class weights")
struct ClassWeightsTests {
  /// Red-cell types of the Chula data set, normal first.
  static let cells = [6330, 689, 461, 3449, 2753, 1996, 2140, 307, 785, 897, 184, 1063]

  @Test("The recipes give the published table's weights")
  func table() {
    func rounded(_ weights: [Double]) -> [Double] { weights.map { ($0 * 1000).rounded() / 1000 } }
    #expect(
      rounded(ClassWeights.inverse(Self.cells)) == [
        0.277, 2.546, 3.806, 0.509, 0.637, 0.879, 0.82, 5.715, 2.235, 1.956, 9.535, 1.651,
      ])
    #expect(
      rounded(ClassWeights.effectiveNumber(Self.cells, beta: 0.999)) == [
        0.483, 0.968, 1.305, 0.498, 0.515, 0.558, 0.546, 1.823, 0.886, 0.814, 2.868, 0.736,
      ])
    #expect(
      rounded(LDAMLoss(counts: Self.cells).margins) == [
        0.206, 0.359, 0.397, 0.24, 0.254, 0.276, 0.271, 0.44, 0.348, 0.336, 0.5, 0.323,
      ])
    #expect(
      rounded(LogitAdjustedLoss(priors: ClassWeights.priors(Self.cells)).offsets).prefix(3) == [
        -1.202, -3.42, -3.821,
      ])
  }

  @Test("The inverse square root averages 1 over the samples")
  func mean() {
    let weights = ClassWeights.inverseSquareRoot(Self.cells)
    let mean =
      zip(weights, Self.cells).reduce(0) { $0 + $1.0 * Double($1.1) } / Double(Self.cells.reduce(0, +))
    #expect(abs(mean - 1) < 1e-12)
    #expect(abs(weights[10] / weights[0] - (6330.0 / 184).squareRoot()) < 1e-12)
  }
}
