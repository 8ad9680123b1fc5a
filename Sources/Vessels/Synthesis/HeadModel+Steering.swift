import Imaging

extension HeadModel {
  /// The direction towards the outside at `point`.
  func outward(at point: SIMD3<Float>) -> SIMD3<Float> {
    ((point - centre) / (semiAxes * semiAxes)).normalized
  }

  /// A steering rule that keeps a tree in the compartment it starts in: scalp and muscle, or inside the skull, where it
  /// drifts towards the cortex.
  func steering(startingAt root: SIMD3<Float>) -> @Sendable (SIMD3<Float>) -> SIMD3<Float> {
    let startsOutside = depth(root) < scalp + muscle + 0.5 * bone
    let (shallowest, deepest): (Float, Float) =
      startsOutside ? (0.35 * scalp, scalp + 0.5 * muscle) : (brainDepth - fluid + 0.5, .infinity)
    return { point in
      let depth = self.depth(point)
      let outward = self.outward(at: point)
      if depth < shallowest { return -0.5 * min(1, (shallowest - depth) / 2) * outward }
      if depth > deepest { return 0.5 * min(1, (depth - deepest) / 2) * outward }
      return startsOutside || depth < shallowest + 5 ? .zero : 0.05 * outward
    }
  }
}
