import Foundation
import Numerics

/// Which cells a mini-batch is made of.
package struct CellSampler: Sendable {
  private let byType: [[Int]]
  private let count: Int
  /// The loss of each cell when it was last seen; cells never seen count as hard.
  package private(set) var losses: [Float]

  /// A sampler of cells with these types.
  package init(types: [Int], classes: Int) {
    byType = (0..<classes).map { type in types.indices.filter { types[$0] == type } }
    count = types.count
    losses = [Float](repeating: 4, count: types.count)
  }

  /// Remember the losses of cells just seen.
  package mutating func record(_ loss: Float, of sample: Int) { losses[sample] = loss }

  /// The losses as text, for a checkpoint.
  var encodedLosses: String { losses.withUnsafeBytes { Data($0) }.base64EncodedString() }

  /// Take over losses from a checkpoint; anything else leaves them as they are.
  mutating func restore(_ text: String?) {
    guard let data = text.flatMap({ Data(base64Encoded: $0) }), data.count == 4 * losses.count else { return }
    losses = data.withUnsafeBytes { bytes in
      losses.indices.map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }
  }

  /// The cells of one epoch in their order: every cell once where types are drawn as they come (`exponent` 1), else as
  /// many draws of a type with probability ∝ n^exponent, then of one of its cells.
  package func epoch(exponent: Double, using stream: inout RandomStream) -> [Int] {
    if exponent == 1 { return Array(0..<count).shuffled(using: &stream) }
    return (0..<count).map { _ in draw(exponent: exponent, using: &stream) }
  }

  /// One cell of a type drawn with probability ∝ n^exponent.
  package func draw(exponent: Double, using stream: inout RandomStream) -> Int {
    let shares = byType.map { $0.isEmpty ? 0 : pow(Double($0.count), exponent) }
    var place = stream.uniformDouble() * shares.reduce(0, +)
    let last = shares.lastIndex { $0 > 0 } ?? 0
    for (type, share) in shares.enumerated() {
      if place < share || type == last {
        let cells = byType[type]
        return cells[stream.integer(0...(cells.count - 1))]
      }
      place -= share
    }
    return 0
  }

  /// `count` cells drawn with probability ∝ their last loss.
  package func hard(_ count: Int, using stream: inout RandomStream) -> [Int] {
    var sums: [Double] = []
    sums.reserveCapacity(losses.count)
    var sum = 0.0
    for loss in losses {
      sum += Double(max(loss, 1e-3))
      sums.append(sum)
    }
    return (0..<count).map { _ in
      let place = stream.uniformDouble() * sum
      var (low, high) = (0, sums.count - 1)
      while low < high {
        let middle = (low + high) / 2
        if sums[middle] <= place { low = middle + 1 } else { high = middle }
      }
      return low
    }
  }
}
