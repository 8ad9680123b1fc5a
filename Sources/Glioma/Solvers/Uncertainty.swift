import Foundation
import Imaging
import Numerics

/// An ensemble of growth runs around a fit: the Laplace approximation carried through the model.
///
/// Parameters are drawn from a Gaussian whose covariance is the inverse Gauss–Newton Hessian, each followed by one
/// forward run on a coarse grid. Cells that err together are counted in the covariance.
public struct GrowthEnsemble: Sendable {
  /// Mean density, one value a cell of `shape`.
  public let mean: [Float]
  /// Standard deviation of the density.
  public let spread: [Float]
  /// Share of members whose density is at least `threshold`.
  public let probability: [Float]
  /// The density that counts as infiltrated.
  public let threshold: Float
  /// The 5 % and 95 % quantiles of each coordinate: ln D, ln ρ, log10 R, θ_up, θ_down, s, b, foci.
  public let intervals: [ClosedRange<Double>]

  /// Draw `members` runs around `solution` on the grid of `problem`; nil without a covariance.
  public init?(
    _ problem: GrowthProblem, _ solution: GrowthSolution, members: Int, seed: UInt64,
    threshold: Float = 0.1
  ) {
    guard let covariance = solution.covariance, members >= 2 else { return nil }
    let center = ParameterVector(solution.parameters)
    let n = center.count
    guard let factor = NormalEquations.choleskyFactor(covariance, order: n) else { return nil }
    let coarse = problem.grid.shape.count > 20_000 ? problem.coarsened() : problem
    let timeStep = coarse.grid.timeStep
    let draws = (0..<members).map { member -> ParameterVector in
      var random = RandomStream(seed: seed, purpose: "growth-ensemble", indices: member)
      let normal = (0..<n).map { _ in Double(random.normal()) }
      var vector = center
      for j in 0..<n {
        var shift = 0.0
        for l in 0...j { shift += factor[j * n + l] * normal[l] }
        vector.values[j] += shift
      }
      return ParameterVector(vector.parameters(timeStep: timeStep))
    }
    let shape = coarse.grid.shape
    let runs = Parallel.mapSlabs(of: 0..<members, count: members) { slab -> [[Float]] in
      slab.map { member in
        let field = SpaceTimeField(slices: coarse.grid.slices, shape: shape)
        let p = draws[member].parameters(timeStep: timeStep)
        CrankNicolson(coarse, parameters: p, isParallel: false).integrate(into: field)
        return field.slice(coarse.grid.slices - 1)
      }
    }.flatMap { $0 }
    var (sum, squares) = (
      Array(repeating: 0.0, count: shape.count), Array(repeating: 0.0, count: shape.count)
    )
    var above = Array(repeating: Float(0), count: shape.count)
    for run in runs {
      for cell in run.indices {
        sum[cell] += Double(run[cell])
        squares[cell] += Double(run[cell]) * Double(run[cell])
        if run[cell] >= threshold { above[cell] += 1 }
      }
    }
    let count = Double(members)
    let coarseSpread = sum.indices.map {
      Float(max(squares[$0] / count - pow(sum[$0] / count, 2), 0).squareRoot())
    }
    let fine = problem.grid.shape
    mean = GrowthEnsemble.refined(sum.map { Float($0 / count) }, shape, to: fine)
    spread = GrowthEnsemble.refined(coarseSpread, shape, to: fine)
    probability = GrowthEnsemble.refined(above.map { $0 / Float(members) }, shape, to: fine)
    self.threshold = threshold
    intervals = (0..<n).map { j in
      let values = draws.map { $0.values[j] }.sorted()
      return values[Int(0.05 * Double(members - 1))]...values[Int((0.95 * Double(members - 1)).rounded(.up))]
    }
  }

  /// Cell-centred linear interpolation from the grid of half as many cells.
  private static func refined(_ values: [Float], _ shape: VoxelShape, to fine: VoxelShape) -> [Float] {
    guard shape != fine else { return values }
    func taps(_ i: Int, _ axis: Int) -> (Int, Int, Float) {
      let p = (Double(i) + 0.5) * Double(shape[axis]) / Double(fine[axis]) - 0.5
      let lower = min(max(Int(p.rounded(.down)), 0), shape[axis] - 1)
      return (lower, min(lower + 1, shape[axis] - 1), Float(min(max(p - Double(lower), 0), 1)))
    }
    var result = Array(repeating: Float(0), count: fine.count)
    forEachCell(fine) { cell, q in
      let (x, y, z) = (taps(q.x, 0), taps(q.y, 1), taps(q.z, 2))
      func line(_ j: Int, _ k: Int) -> Float {
        let (a, b) = (values[shape.index(x.0, j, k)], values[shape.index(x.1, j, k)])
        return a + x.2 * (b - a)
      }
      let near = line(y.0, z.0) + y.2 * (line(y.1, z.0) - line(y.0, z.0))
      let far = line(y.0, z.1) + y.2 * (line(y.1, z.1) - line(y.0, z.1))
      result[cell] = near + z.2 * (far - near)
    }
    return result
  }
}
