import ImageAnalysis
import Imaging
import TestSupport
import Testing

@Suite("Betti numbers and topology")
struct TopologyTests {
  static func solid(_ n: Int, _ inside: (Double, Double, Double) -> Bool) -> Mask {
    Phantom.volume(VoxelShape(n, n, n)) { i, j, k in
      let c = Double(n - 1) / 2
      return inside(Double(i) - c, Double(j) - c, Double(k) - c) ? 1 : 0
    }
  }

  static func numbers(_ mask: Mask) -> [Int] {
    let numbers = BettiNumbers(of: mask)
    return [numbers.components, numbers.tunnels, numbers.cavities]
  }

  @Test("A ball, a ring, a shell, two balls, nothing, everything")
  func shapes() {
    #expect(Self.numbers(Self.solid(15) { $0 * $0 + $1 * $1 + $2 * $2 < 30 }) == [1, 0, 0])
    #expect(
      Self.numbers(
        Self.solid(21) { x, y, z in
          let r = (x * x + y * y).squareRoot() - 6
          return r * r + z * z < 5
        }) == [1, 1, 0])
    #expect(Self.numbers(Self.solid(17) { (20..<50).contains($0 * $0 + $1 * $1 + $2 * $2) }) == [1, 0, 1])
    #expect(
      Self.numbers(Self.solid(21) { x, y, z in (abs(x) - 6) * (abs(x) - 6) + y * y + z * z < 10 }) == [
        2, 0, 0,
      ])
    #expect(Self.numbers(Self.solid(3) { _, _, _ in false }) == [0, 0, 0])
    #expect(Self.numbers(Self.solid(3) { _, _, _ in true }) == [1, 0, 0])
  }

  @Test("Voxels that touch at a corner are joined, background that does is not")
  func corners() {
    var mask = Mask(grid: VoxelGrid(shape: VoxelShape(2, 2, 2)), filledWith: 0)
    mask[0, 0, 0] = 1
    mask[1, 1, 1] = 1
    #expect(Self.numbers(mask) == [1, 0, 0])
    // The complement: two background voxels in opposite corners do not join through the corner.
    #expect(Self.numbers(mask.map { 1 - $0 }) == [1, 0, 0])
  }

  @Test("Filling closes cavities and nothing else")
  func holes() {
    let shell = Self.solid(17) { (20..<50).contains($0 * $0 + $1 * $1 + $2 * $2) }
    #expect(shell.fillingHoles() == Self.solid(17) { $0 * $0 + $1 * $1 + $2 * $2 < 50 })
    let ring = Phantom.tubes(32, shift: 0)
    #expect(ring.fillingHoles() == ring)
  }

  @Test("A skeleton has the Betti numbers of its mask and lies inside", arguments: [1, 2, 3, 4] as [Int])
  func skeletons(salt: Int) {
    let smooth = Phantom.noise(VoxelShape(30, 26, 24), salt: salt).map { Float($0) }
      .gaussianSmoothed(sigmaVoxels: [1.2, 1.2, 1.2])
    for mask in [smooth.map { $0 > 132 ? UInt8(1) : 0 }, Phantom.tubes(36, shift: Double(salt))] {
      let skeleton = mask.skeletonized()
      #expect(BettiNumbers(of: skeleton) == BettiNumbers(of: mask), "salt \(salt)")
      #expect(zip(skeleton.voxels, mask.voxels).allSatisfy { $0 <= $1 })
      #expect(skeleton.skeletonized() == skeleton)
      #expect(skeleton.voxels.count { $0 != 0 } * 3 < mask.voxels.count { $0 != 0 })
    }
  }

  @Test("A long straight bar becomes a line along its axis")
  func bar() {
    let bar = Phantom.volume(VoxelShape(31, 9, 9)) { i, j, k in
      (2..<29).contains(i) && (2..<7).contains(j) && (2..<7).contains(k) ? UInt8(1) : 0
    }
    let skeleton = bar.skeletonized()
    for i in 8..<23 {
      for j in 0..<9 { for k in 0..<9 { #expect(skeleton[i, j, k] == (j == 4 && k == 4 ? 1 : 0)) } }
    }
  }
}
