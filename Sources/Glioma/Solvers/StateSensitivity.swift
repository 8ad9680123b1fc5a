import Foundation
import Imaging
import Numerics

/// The derivative of the last slice with respect to each coordinate of the parameters, by tangent sweeps.
package enum StateSensitivity {
  /// For each coordinate of `ParameterVector` the derivative of the last slice; empty for thresholds and PET.
  package static func columns(
    _ problem: GrowthProblem, _ parameters: GrowthParameters, around u: SpaceTimeField
  ) -> [[Float]] {
    let count = ParameterVector(parameters).count
    let moving = [0, 1, 2] + Array(ParameterVector.firstFocus..<count)
    var columns = Array(repeating: [Float](), count: count)
    let results = Parallel.mapSlabs(of: 0..<moving.count, count: moving.count) { slab -> [[Float]] in
      slab.map { column(moving[$0], problem, parameters, u) }
    }
    for (index, column) in results.flatMap({ $0 }).enumerated() { columns[moving[index]] = column }
    return columns
  }

  private static func column(
    _ j: Int, _ problem: GrowthProblem, _ p: GrowthParameters, _ u: SpaceTimeField
  ) -> [Float] {
    let integrator = CrankNicolson(problem, parameters: p, isParallel: false)
    let work = SpaceTimeField(slices: 4, shape: problem.grid.shape)
    if j >= ParameterVector.firstFocus {
      let (focus, axis) = ((j - ParameterVector.firstFocus) / 3, (j - ParameterVector.firstFocus) % 3)
      work.setSlice(0, to: problem.initialDensityDerivative(p.foci, index: focus, axis: axis))
      integrator.tangent(
        around: u, initial: UnsafePointer(work[0]), source: { _ in nil }, result: work[1])
      return work.slice(1)
    }
    // source_k = −∂r_k/∂p = ½(h(u_k) + h(u_{k−1})), h = ∂(Lu + ρφ)/∂p; slices 0 and 1 hold h of odd and even k.
    let stencil: Stencil? =
      switch j {
      case ParameterVector.lnDiffusivity: integrator.stencil
      case ParameterVector.logRatio: problem.diffusion.gray
      default: nil
      }
    let factor = Float(
      j == ParameterVector.logRatio ? -log(10) * p.diffusivity / p.diffusivityRatio : 1)
    let growth = Float(p.proliferationRate)
    let mask = problem.reactive[0]
    let pitch = u.pitch
    func rate(_ k: Int) -> UnsafeMutablePointer<Float> {
      let (slice, out) = (u[k], work[k & 1])
      if let stencil {
        stencil.apply(slice, out, 0..<pitch)
        if factor != 1 { for cell in 0..<pitch { out[cell] *= factor } }
      } else {
        for cell in 0..<pitch { out[cell] = growth * mask[cell] * abs(slice[cell]) * (1 - slice[cell]) }
      }
      return out
    }
    _ = rate(0)
    integrator.tangent(
      around: u, initial: nil,
      source: { k in
        let (new, old, sum) = (rate(k), work[(k - 1) & 1], work[2])
        for cell in 0..<pitch { sum[cell] = 0.5 * (new[cell] + old[cell]) }
        return UnsafePointer(sum)
      }, result: work[3])
    return work.slice(3)
  }
}
