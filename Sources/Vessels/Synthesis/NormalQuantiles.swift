import Foundation
import Numerics

/// Fast normal noise: two numbers from each 32 random bits through a table of 65,536 quantiles.
///
/// The tails end at 4.3 standard deviations, which no image shows.
package struct NormalQuantiles: Sendable {
  package static let shared = NormalQuantiles()

  private let table: [Float]

  private init() {
    // Every bin holds the quantile of its middle; Newton's method on Φ(x) = p, from the tail's bin inwards.
    let count = 65_536
    var table = [Float](repeating: 0, count: count)
    var x = 4.3
    for index in 0..<count / 2 {
      let tail = (Double(index) + 0.5) / Double(count)
      for _ in 0..<6 {
        let density = exp(-x * x / 2) / (2 * .pi).squareRoot()
        x += (0.5 * erfc(x / 2.0.squareRoot()) - tail) / density
      }
      table[index] = Float(-x)
      table[count - 1 - index] = Float(x)
    }
    self.table = table
  }

  /// Fill `output` with standard normal numbers.
  package func fill(_ output: UnsafeMutablePointer<Float>, count: Int, using stream: inout RandomStream) {
    table.withUnsafeBufferPointer { table in
      var index = 0
      while index < count {
        let bits = stream.next32()
        output[index] = table[Int(bits & 0xFFFF)]
        if index + 1 < count { output[index + 1] = table[Int(bits >> 16)] }
        index += 2
      }
    }
  }
}
