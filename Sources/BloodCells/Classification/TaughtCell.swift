import NeuralNetworks
import Numerics

/// A cell without a label, with what an earlier classifier says of it: something to learn from where labels are few
/// (self-training; Xie et al.: Self-training with Noisy Student, CVPR 2020).
///
/// The teacher sees cells as they are, the student changed at random, and the teacher's doubts are kept: its probabilities are the
/// target, not its choice.
public struct TaughtCell: Sendable {
  /// The picture and its features.
  public let input: CellInput
  /// The teacher's probabilities, in the order of the types.
  public let probabilities: [Float]

  /// A cell with the probabilities of its types.
  public init(input: CellInput, probabilities: [Float]) {
    self.input = input
    self.probabilities = probabilities
  }
}

extension CellClassifier {
  /// `cells` with what this classifier says of them.
  ///
  /// Two views of each at most: its probabilities are a target for many epochs, but there are many cells as well.
  public func teaching(_ cells: [UnlabelledCell]) throws(NeuralNetworkError) -> [TaughtCell] {
    var teacher = self
    teacher.design.views = min(2, design.views)
    let inputs = cells.map(\.input)
    let rows = try teacher.probabilities(of: inputs, precision: .automatic)
    return zip(inputs, rows).map { TaughtCell(input: $0, probabilities: $1.map { Float($0) }) }
  }
}

extension [TaughtCell] {
  /// The places of `count` of them, drawn at random.
  func drawn(_ count: Int, using stream: inout RandomStream) -> [Int] {
    (0..<count).map { _ in stream.integer(0...(self.count - 1)) }
  }
}
