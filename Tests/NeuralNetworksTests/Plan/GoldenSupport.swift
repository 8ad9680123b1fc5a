import Foundation
import NeuralNetworks

/// Numbers in [−1, 1) that the golden scripts compute as well: a hash of the index, salted by the name.
func hashNoise(_ name: String, _ count: Int) -> [Float] {
  var salt: UInt32 = 2_166_136_261
  for byte in name.utf8 { salt = (salt ^ UInt32(byte)) &* 16_777_619 }
  return (0..<count).map { index in
    var x = UInt32(truncatingIfNeeded: index) &+ salt
    x = (x ^ (x >> 16)) &* 0x7FEB_352D
    x = (x ^ (x >> 15)) &* 0x846C_A68B
    x ^= x >> 16
    return Float(x >> 8) / 8_388_608 - 1
  }
}

/// How much wider the bounds are on what follows the first Adam step, which were set with AVX-512 kernels: sums in another
/// order take other values across the kinks of ReLU, and Adam makes steps of full size of the smallest gradients.
let laterSteps: Double = KernelLibrary.instructionSet.hasPrefix("avx512") ? 1 : 4

/// ‖a − b‖ / ‖b‖ of numbers taken at the golden script's stride.
func relativeError(_ values: some RandomAccessCollection<Float>, samples: [Double]) -> Double {
  let step = max(1, values.count / requestedSamples(values.count, samples.count))
  var (difference, norm) = (0.0, 0.0)
  for (index, expected) in samples.enumerated() {
    let found = Double(values[values.index(values.startIndex, offsetBy: index * step)])
    difference += (found - expected) * (found - expected)
    norm += expected * expected
  }
  return (difference / max(norm, 1e-30)).squareRoot()
}

/// The scripts ask for 24, 12 or 4 samples and get all values of shorter tensors.
private func requestedSamples(_ count: Int, _ found: Int) -> Int {
  [4, 12, 24].first { $0 >= found } ?? found
}

/// Adam (Kingma and Ba, 2015) as PyTorch's defaults have it, straight from the paper.
struct PlainAdam {
  var first: [Float]
  var second: [Float]
  var step = 0

  init(count: Int) {
    first = [Float](repeating: 0, count: count)
    second = first
  }

  mutating func update(_ values: inout [Float], _ gradient: [Float], rate: Float) {
    step += 1
    let (c1, c2) = (1 - Float(pow(0.9, Double(step))), 1 - Float(pow(0.999, Double(step))))
    for i in gradient.indices {
      first[i] = 0.9 * first[i] + 0.1 * gradient[i]
      second[i] = 0.999 * second[i] + 0.001 * gradient[i] * gradient[i]
      values[i] -= rate * (first[i] / c1) / ((second[i] / c2).squareRoot() + 1e-8)
    }
  }
}
