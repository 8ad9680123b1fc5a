import Foundation
import Numerics

/// The law of parent and child radii: r₀³ = r₁³ + r₂³ (Murray, 1926), and the branching angles of least work.
package enum MurrayLaw {
  /// The larger and the smaller child of a parent of radius `parent`, their ratio being `asymmetry` in (0, 1].
  package static func children(of parent: Float, asymmetry: Float) -> (larger: Float, smaller: Float) {
    let larger = parent / cbrt(1 + asymmetry * asymmetry * asymmetry)
    return (larger, asymmetry * larger)
  }

  /// What is left of `parent` after a side branch of radius `side`.
  package static func remainder(of parent: Float, side: Float) -> Float {
    cbrt(parent * parent * parent - side * side * side)
  }

  /// The angle, in radians, by which the child of radius `child` leaves the parent's direction
  /// (Murray, 1926: cos θ₁ = (r₀⁴ + r₁⁴ − r₂⁴) / (2 r₀² r₁²)).
  package static func angle(parent: Float, child: Float, sibling: Float) -> Float {
    func fourth(_ r: Float) -> Float { r * r * r * r }
    let cosine = (fourth(parent) + fourth(child) - fourth(sibling)) / (2 * parent * parent * child * child)
    return acos(min(1, max(-1, cosine)))
  }
}

/// Grows a tree from its root: branches whose direction drifts, splitting by Murray's law until they are thin.
package struct VesselGrowth {
  /// A branch still to be grown.
  package struct Bud {
    package var position: SIMD3<Float>
    package var direction: SIMD3<Float>
    package var radius: Float

    package init(position: SIMD3<Float>, direction: SIMD3<Float>, radius: Float) {
      (self.position, self.direction, self.radius) = (position, direction, radius)
    }
  }

  let parameters: VesselTreeParameters
  /// Nothing grows beyond these corners, in voxels.
  let lowest, highest: SIMD3<Float>
  /// No more segments than this.
  let segmentLimit: Int
  /// Where the tree should turn at a place: zero for nowhere; a length of 1 turns it by 1 rad in a voxel.
  var steering: (@Sendable (SIMD3<Float>) -> SIMD3<Float>)?

  /// Distance between neighbouring points of a centre line, in voxels.
  private let step: Float = 0.8
  /// Thinner than this nothing is visible.
  private let thinnest: Float = 0.25

  package init(
    _ parameters: VesselTreeParameters, lowest: SIMD3<Float>, highest: SIMD3<Float>, segmentLimit: Int
  ) {
    self.parameters = parameters
    self.lowest = lowest
    self.highest = highest
    self.segmentLimit = segmentLimit
  }

  /// The tree that starts with `root`.
  package func grow(from root: Bud, using stream: inout RandomStream) -> VesselTree {
    grow(from: [root], using: &stream)
  }

  /// The tree that starts with all of `roots`.
  func grow(from roots: [Bud], using stream: inout RandomStream) -> VesselTree {
    var tree = VesselTree(brightness: parameters.brightness)
    // First in, first out: when the limit cuts a tree short, every part has been reached.
    var (buds, next) = (roots, 0)
    while next < buds.count, tree.segments.count < segmentLimit {
      let bud = buds[next]
      next += 1
      guard let tip = extend(bud, into: &tree, using: &stream) else { continue }
      guard tip.radius >= parameters.stopRadius, tip.radius > thinnest else { continue }
      buds += split(tip, using: &stream)
    }
    return tree
  }

  /// Add one branch to the tree; its tip, or nil where it has left the box.
  private func extend(_ bud: Bud, into tree: inout VesselTree, using stream: inout RandomStream) -> Bud? {
    let length = (4 + 3 * bud.radius) * stream.uniform(0.5...1.5) * parameters.lengthFactor
    let steps = max(2, Int(length / step))
    let bend = 0.3 * parameters.tortuosity / (1 + 0.35 * bud.radius)
    let taper = stream.uniform(0.88...1)
    // Curvature and radius are Ornstein-Uhlenbeck processes with a memory of a few diameters.
    let keep = exp(-step / (3 + 2 * bud.radius))
    let renew = (1 - keep * keep).squareRoot()
    var curvature = SIMD3(stream.normal(), stream.normal(), stream.normal()) * bend
    var wobble: Float = 0
    var tip = bud
    var radius = bud.radius
    for index in 1...steps {
      curvature = keep * curvature + renew * bend * [stream.normal(), stream.normal(), stream.normal()]
      wobble = keep * wobble + renew * parameters.radiusJitter * stream.normal()
      var turn = curvature.cross(tip.direction)
      if let steering { turn += steering(tip.position) }
      let direction = (tip.direction + step * turn).normalized
      let position = tip.position + step * direction
      let tapered = bud.radius * (1 + (taper - 1) * Float(index) / Float(steps))
      let nextRadius = max(thinnest, tapered * (1 + wobble))
      tree.segments.append(
        VesselSegment(start: tip.position, end: position, startRadius: radius, endRadius: nextRadius))
      tip = Bud(position: position, direction: direction, radius: tapered)
      radius = nextRadius
      let inside = position .>= lowest .& position .<= highest
      if !all(inside) { return nil }
    }
    return tip
  }

  /// The children of a branch that ends at `tip`.
  private func split(_ tip: Bud, using stream: inout RandomStream) -> [Bud] {
    let isSide = stream.chance(0.25)
    let (larger, smaller): (Float, Float)
    if isSide {
      smaller = tip.radius * stream.uniform(0.25...0.6)
      larger = MurrayLaw.remainder(of: tip.radius, side: smaller)
    } else {
      (larger, smaller) = MurrayLaw.children(of: tip.radius, asymmetry: stream.uniform(0.15...1))
    }
    let across = tip.direction.anyPerpendicular
    let spin = stream.uniform(0...(2 * .pi))
    let side = across * cos(spin) + tip.direction.cross(across) * sin(spin)
    func child(_ radius: Float, sibling: Float, sign: Float) -> Bud {
      let ideal = MurrayLaw.angle(parent: tip.radius, child: radius, sibling: sibling)
      let angle = min(1.5, ideal * stream.uniform(0.7...1.3))
      let direction = (tip.direction * cos(angle) + side * (sign * sin(angle))).normalized
      return Bud(position: tip.position, direction: direction, radius: radius)
    }
    let main = child(larger, sibling: smaller, sign: 1)
    return smaller > thinnest ? [main, child(smaller, sibling: larger, sign: -1)] : [main]
  }
}
