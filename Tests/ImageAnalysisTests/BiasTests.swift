import Foundation
import ImageAnalysis
import Imaging
import Numerics
import TestSupport
import Testing

@Suite("Foreground and brightness")
struct BiasTests {
  static let shape = VoxelShape(48, 44, 40)

  /// An ellipsoidal head of brightness 100 in dark noise, times `gain`.
  static func head(_ gain: (Int, Int, Int) -> Double) -> (image: Volume<Float>, head: Mask) {
    var stream = RandomStream(seed: 11, purpose: "head")
    let head = Phantom.volume(shape, affine: Affine(spacing: [2, 2, 2])) { i, j, k in
      let p = SIMD3((Double(i) - 23.5) / 19, (Double(j) - 21.5) / 17, (Double(k) - 19.5) / 16)
      return (p * p).sum() < 1 ? UInt8(1) : 0
    }
    let image = Phantom.volume(shape, affine: head.grid.affine) { i, j, k in
      let tissue = head[i, j, k] != 0 ? 100 * gain(i, j, k) : 4
      return Float(tissue) + 3 * stream.uniform(-1...1)
    }
    return (image, head)
  }

  @Test("The foreground is the head, dark inclusions with it, bright vessels or not")
  func foreground() {
    let (image, head) = Self.head { i, j, k in
      (i - 24) * (i - 24) + (j - 20) * (j - 20) + (k - 20) * (k - 20) < 20 ? 0.05 : i == 30 && j == 25 ? 6 : 1
    }
    let counts = zip(image.foregroundMask().voxels, head.voxels)
    let both = counts.count { $0.0 != 0 && $0.1 != 0 }
    let dice = 2 * Double(both) / Double(counts.count { $0.0 != 0 } + counts.count { $0.1 != 0 })
    #expect(dice > 0.97, "\(dice)")
    let constant = Volume<Float>(grid: image.grid, filledWith: 5)
    #expect(constant.foregroundMask().voxels.allSatisfy { $0 == 0 })
  }

  @Test("Slab steps go and a smooth trend stays", arguments: [0, 1, 2])
  func slabs(axis: Int) {
    func trend(_ slice: Int) -> Double { 1 + 0.004 * Double(slice) }
    let (image, head) = Self.head { i, j, k in
      let slice = [i, j, k][axis]
      return trend(slice) * [0.8, 1.15, 0.95, 1.1][slice / 12]
    }
    let flat = image.equalizingSliceProfile(along: axis, within: head, sigma: 30)
    func jumps(_ volume: Volume<Float>) -> Double {
      // The greatest change of a slice's mean against the next, in the middle of the head.
      let means = (10..<34).map { slice -> Double in
        let p = (0..<3).map { axis == $0 ? slice : Self.shape[$0] / 2 }
        var sum = 0.0
        for a in -4...4 {
          for b in -4...4 {
            var q = p
            q[(axis + 1) % 3] += a
            q[(axis + 2) % 3] += b
            sum += Double(volume[q[0], q[1], q[2]])
          }
        }
        return sum / 81
      }
      return zip(means, means.dropFirst()).map { abs($1 / $0 - 1) }.max() ?? 1
    }
    #expect(jumps(image) > 0.14 && jumps(flat) < 0.03, "\(jumps(image)) \(jumps(flat))")
  }

  @Test("The bias field of an evenly bright head is found, up to its mean")
  func biasField() {
    func bias(_ i: Int, _ j: Int, _ k: Int) -> Double {
      exp(0.3 * sin(Double(i) / 20) + 0.2 * cos(Double(k) / 18))
    }
    let (image, head) = Self.head(bias)
    let field = image.smoothBiasField(within: head, sigma: 8)
    var logarithms: [Double] = []
    for k in 4..<36 {
      for j in 4..<40 {
        for i in 4..<44 where head[i, j, k] != 0 {
          logarithms.append(log(Double(field[i, j, k]) / bias(i, j, k)))
        }
      }
    }
    let mean = logarithms.reduce(0, +) / Double(logarithms.count)
    let spread = logarithms.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(logarithms.count)
    // The field itself spreads by 0.2; smoothing over 8 mm leaves a few percent at the head's surface.
    #expect(spread.squareRoot() < 0.04, "\(spread.squareRoot())")
    let none = image.smoothBiasField(within: Mask(grid: image.grid, filledWith: 0), sigma: 8)
    #expect(none.voxels.allSatisfy { $0 == 1 })
  }
}
