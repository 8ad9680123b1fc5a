import Foundation
import Imaging

/// Where the fits start: rates from the radii of core and oedema, origins from the shape of the core.
package enum StartingPoints {
  /// Sets of foci to try: the centre of the core, its separate parts (at most three), and three centres within it.
  static func foci(components: [SIMD3<Double>], core: [SIMD3<Double>]) -> [[SIMD3<Double>]] {
    guard !core.isEmpty else { return [components.isEmpty ? [.zero] : [components[0]]] }
    let center = core.reduce(.zero, +) / Double(core.count)
    var sets = [[center]]
    if components.count > 1 { sets.append(Array(components.prefix(3))) }
    if core.count >= 24, components.count < 3 { sets.append(clusters(core, 3)) }
    return sets
  }

  /// Rates of three infiltration lengths, the second the one that the width of the oedema tells, whose front has
  /// travelled from `foci` to the border of the tumour.
  ///
  /// The front of Ablowitz and Zeppetella (1979), u = (1 + exp(x / √6λ))⁻² with λ = √(D/ρ), passes the density θ at
  /// x = √6·λ·ln(θ^−½ − 1); the oedema reaches from θ_up to θ_down. The front starts at the blob's flank and moves at 2√(Dρ).
  /// What the tumour shows is the diffusivity of the tissue it has grown through; D is that of white matter.
  package static func rates(
    _ problem: GrowthProblem, foci: [SIMD3<Double>], thresholds: (upper: Double, lower: Double)
  ) -> [(diffusivity: Double, proliferation: Double)] {
    let labels = problem.observation.labels
    let cell = problem.grid.spacing.x * problem.grid.spacing.y * problem.grid.spacing.z
    func radius(_ minimum: UInt8) -> Double {
      let volume = Double(labels.reduce(0) { $0 + ($1 >= minimum ? 1 : 0) }) * cell
      return cbrt(3 * volume / (4 * Double.pi))
    }
    let travelled = max(borderDistance(problem, foci) - 0.5 * problem.blob.radius, 5)
    let speed = travelled / problem.grid.duration
    func front(_ density: Double) -> Double { 6.0.squareRoot() * log(1 / density.squareRoot() - 1) }
    let widths = front(thresholds.lower) - front(thresholds.upper)
    let length = min(max((radius(1) - radius(2)) / widths, 0.4), 10)
    let share = diffusivityShare(problem)
    return [0.5, 1, 2].map { factor in
      // v = 2√(Dρ), λ = √(D/ρ).
      (
        min(max(speed * factor * length / (2 * share), 0.02), 8),
        min(max(speed / (2 * factor * length), 0.025), 0.7 / problem.grid.timeStep)
      )
    }
  }

  /// Mean of white + grey / R in the visible tumour: its diffusivity in relation to that of white matter.
  private static func diffusivityShare(_ problem: GrowthProblem) -> Double {
    let (labels, tissue) = (problem.observation.labels, problem.tissue)
    var (sum, count) = (0.0, 0.0)
    for cell in labels.indices where labels[cell] > 0 && tissue.isMatter(cell) {
      sum += Double(tissue.white[cell] + tissue.gray[cell] / ratio)
      count += 1
    }
    return count > 0 ? max(sum / count, 0.1) : 1
  }

  /// R of the starting points.
  static let ratio: Float = 30

  /// Mean distance of the visible tumour's border from the nearest of `foci`, in mm.
  private static func borderDistance(_ problem: GrowthProblem, _ foci: [SIMD3<Double>]) -> Double {
    let (labels, shape, grid) = (problem.observation.labels, problem.grid.shape, problem.grid)
    var (sum, count) = (0.0, 0.0)
    forEachCell(shape) { cell, p in
      for axis in 0..<3 where p[axis] + 1 < shape[axis] {
        guard (labels[cell] > 0) != (labels[cell + shape.stride(axis)] > 0) else { continue }
        var face = grid.center(p.x, p.y, p.z)
        face[axis] += 0.5 * grid.spacing[axis]
        sum += foci.map { (($0 - face) * ($0 - face)).sum().squareRoot() }.min() ?? 0
        count += 1
      }
    }
    return count > 0 ? sum / count : 0
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
