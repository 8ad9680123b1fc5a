import Foundation
import Imaging

/// Where the fits start: rates from the radii of core and oedema, origins from the shape of the core.
enum StartingPoints {
  /// Sets of foci to try: the centre of the core, its separate parts (at most three), and three centres within it.
  static func foci(components: [SIMD3<Double>], core: [SIMD3<Double>]) -> [[SIMD3<Double>]] {
    guard !core.isEmpty else { return [components.isEmpty ? [.zero] : [components[0]]] }
    let center = core.reduce(.zero, +) / Double(core.count)
    var sets = [[center]]
    if components.count > 1 { sets.append(Array(components.prefix(3))) }
    if core.count >= 24, components.count < 3 { sets.append(clusters(core, 3)) }
    return sets
  }

  /// Rates whose front has travelled to the tumour's radius, for three infiltration lengths.
  static func rates(_ problem: GrowthProblem) -> [(diffusivity: Double, proliferation: Double)] {
    let labels = problem.observation.labels
    let cell = problem.grid.spacing.x * problem.grid.spacing.y * problem.grid.spacing.z
    func radius(_ minimum: UInt8) -> Double {
      let volume = Double(labels.reduce(0) { $0 + ($1 >= minimum ? 1 : 0) }) * cell
      return cbrt(3 * volume / (4 * Double.pi))
    }
    let (core, whole) = (radius(2), radius(1))
    // The front starts at the blob's flank and moves at 2√(Dρ).
    let travelled = max(whole - 0.5 * problem.blob.radius, 5)
    let speed = travelled / problem.grid.duration
    let width = min(max((whole - core) / 1.5, 0.7), 5)
    return [0.5, 1, 2].map { factor in
      let length = width * factor
      // v = 2√(Dρ), λ = √(D/ρ).
      return (
        min(max(speed * length / 2, 0.02), 8),
        min(max(speed / (2 * length), 0.025), 0.7 / problem.grid.timeStep)
      )
    }
  }

  /// The centres of `count` clusters (Lloyd's iteration from the farthest-point start).
  static func clusters(_ points: [SIMD3<Double>], _ count: Int) -> [SIMD3<Double>] {
    func squared(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> Double { ((a - b) * (a - b)).sum() }
    var centers = [points.reduce(.zero, +) / Double(points.count)]
    while centers.count < count {
      let far = points.max { a, b in
        (centers.map { squared(a, $0) }.min() ?? 0) < (centers.map { squared(b, $0) }.min() ?? 0)
      }
      guard let far else { break }
      centers.append(far)
    }
    for _ in 0..<10 {
      var sums = Array(repeating: SIMD3<Double>.zero, count: centers.count)
      var sizes = Array(repeating: 0.0, count: centers.count)
      for point in points {
        let nearest = centers.indices.min { squared(point, centers[$0]) < squared(point, centers[$1]) } ?? 0
        sums[nearest] += point
        sizes[nearest] += 1
      }
      for index in centers.indices where sizes[index] > 0 { centers[index] = sums[index] / sizes[index] }
    }
    return centers
  }
}
