import Foundation
import Numerics
import Testing
import Vessels

@Suite("Vessel growth")
struct VesselGrowthTests {
  @Test("Children obey Murray's law", arguments: [0.15, 0.4, 0.8, 1] as [Float])
  func murray(asymmetry: Float) {
    let (larger, smaller) = MurrayLaw.children(of: 2.5, asymmetry: asymmetry)
    #expect(abs(pow(larger, 3) + pow(smaller, 3) - pow(2.5, 3)) < 1e-4)
    #expect(abs(smaller / larger - asymmetry) < 1e-5)
    #expect(abs(pow(MurrayLaw.remainder(of: 2.5, side: smaller), 3) + pow(smaller, 3) - pow(2.5, 3)) < 1e-4)
  }

  @Test("Equal children leave at 37.5 degrees each, a tiny one at nearly a right angle")
  func angles() {
    let (equal, _) = MurrayLaw.children(of: 1, asymmetry: 1)
    // cos θ = 2^(-1/3) for r₁ = r₂ = 2^(-1/3) r₀: 37.47°.
    #expect(abs(MurrayLaw.angle(parent: 1, child: equal, sibling: equal) * 180 / .pi - 37.47) < 0.01)
    let (larger, smaller) = MurrayLaw.children(of: 1, asymmetry: 0.05)
    #expect(MurrayLaw.angle(parent: 1, child: smaller, sibling: larger) > 1.4)
    #expect(MurrayLaw.angle(parent: 1, child: larger, sibling: smaller) < 0.05)
  }

  @Test("Trees stay connected, taper and keep to their box and their limit", arguments: 0..<20)
  func tree(seed: Int) {
    let parameters = VesselTreeParameters(
      rootRadius: 2.4, stopRadius: 0.4, lengthFactor: 1.2, tortuosity: 0.6, radiusJitter: 0, brightness: 1)
    let growth = VesselGrowth(parameters, lowest: [0, 0, 0], highest: [80, 80, 80], segmentLimit: 4000)
    var stream = RandomStream(seed: UInt64(seed), purpose: "test growth")
    let tree = growth.grow(
      from: .init(position: [40, 40, 1], direction: [0, 0, 1], radius: 2.4), using: &stream)
    #expect(tree.segments.count < 4000 + 200)
    var ends: Set<SIMD3<Float>> = [[40, 40, 1]]
    for segment in tree.segments {
      #expect(ends.contains(segment.start))
      ends.insert(segment.end)
      #expect(segment.endRadius <= segment.startRadius && segment.startRadius <= 2.4)
      #expect(segment.end.min() > -1 && segment.end.max() < 81)
      #expect(abs((segment.end - segment.start).x.magnitude) < 0.81)
    }
  }
}
