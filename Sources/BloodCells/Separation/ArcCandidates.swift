import Foundation
import ImageAnalysis

/// A stretch of a boundary between two cuts: the visible outline of one cell, or a part of it.
struct BoundaryArc: Sendable {
  /// Which boundary.
  let boundary: Int
  /// Its points, without the rounded ends next to the cuts.
  let points: [SIMD2<Double>]
  /// Whether the next arc of the boundary begins where this one ends.
  var middle: SIMD2<Double> { points[points.count / 2] }
}

extension ClumpProblem {
  /// The arcs of every boundary, cut at its concave points and where the image's border cuts it.
  func arcs() -> [[BoundaryArc]] {
    boundaries.enumerated().map { number, boundary in
      let count = boundary.points.count
      var cuts = Set(boundary.concave)
      for index in 0..<count where boundary.isCut[index] != boundary.isCut[(index + 1) % count] {
        cuts.insert(index)
      }
      if number == 0 && cuts.count < 2 { cuts.formUnion(waist(of: boundary, from: cuts.first)) }
      let sorted = cuts.sorted()
      guard sorted.count >= 2 else { return [arc(number, 0..<count, closed: true)].compactMap(\.self) }
      return sorted.indices.compactMap { n in
        let (from, to) = (sorted[n], n + 1 < sorted.count ? sorted[n + 1] : sorted[0] + count)
        return arc(number, from..<to, closed: false)
      }
    }
  }

  private func arc(_ number: Int, _ range: Range<Int>, closed: Bool) -> BoundaryArc? {
    let boundary = boundaries[number]
    let count = boundary.points.count
    // Smoothing rounds the corner at a cut.
    let trim = closed ? 0 : min(range.count / 4, Int(0.1 * ClumpBoundary.density))
    let points = (range.lowerBound + trim..<range.upperBound - trim).map { $0 % count }
      .filter { !boundary.isCut[$0] }.map { boundary.points[$0] }
    return points.count >= 5 ? BoundaryArc(boundary: number, points: points) : nil
  }

  /// Where a clump without two concave points may be cut: through its one concave point or else the point nearest to its
  /// middle, and the point nearest to that on the other side.
  private func waist(of boundary: ClumpBoundary, from concave: Int?) -> [Int] {
    let outline = Polygon(boundary.points)
    guard outline.area > 1.35 * cellArea, !boundary.isCut.contains(true) else { return [] }
    let count = boundary.points.count
    func nearest(to place: SIMD2<Double>, among candidates: some Sequence<Int>) -> Int? {
      candidates.min {
        let (a, b) = (boundary.points[$0] - place, boundary.points[$1] - place)
        return (a * a).sum() < (b * b).sum()
      }
    }
    guard let first = concave ?? nearest(to: outline.centroid, among: 0..<count) else { return [] }
    let opposite = (count / 4..<3 * count / 4).map { (first + $0) % count }
    return [first] + (nearest(to: boundary.points[first], among: opposite).map { [$0] } ?? [])
  }

  /// Candidates from single arcs, runs of neighbouring arcs, and pairs of arcs near each other.
  func arcCandidates() -> [EllipseCandidate] {
    let arcs = arcs()
    var result: [EllipseCandidate] = []
    func add(_ points: [SIMD2<Double>], _ fit: SmearCell.Fit) {
      if let ellipse = fitted(points), let found = candidate(ellipse, fit: fit) { result.append(found) }
    }
    let all = arcs.flatMap(\.self)
    for arc in all { add(arc.points, all.count == 1 ? .single : .arc) }
    for ring in arcs where ring.count >= 2 {
      for length in 2...min(5, ring.count) {
        // A run of all arcs is the same whichever comes first.
        for start in 0..<(length == ring.count ? 1 : ring.count) {
          let run = (0..<length).map { ring[(start + $0) % ring.count] }
          if length > 2 && !isNear(run[0], run[length - 1]) { continue }
          add(run.flatMap(\.points), length == ring.count && arcs.count == 1 ? .single : .arcs)
        }
      }
    }
    var (start, owner) = (0, [Int: Range<Int>]())
    for (number, ring) in arcs.enumerated() {
      owner[number] = start..<(start + ring.count)
      start += ring.count
    }
    for first in all.indices {
      for second in all.indices where second > first && isNear(all[first], all[second]) {
        // Neighbours on one ring were runs above.
        if all[first].boundary == all[second].boundary, let range = owner[all[first].boundary] {
          let apart = second - first
          if apart == 1 || apart == range.count - 1 { continue }
        }
        let pair = all[first].points + all[second].points
        add(pair, .arcs)
        guard all.count <= 10 else { continue }
        for third in all.indices
        where third > second && isNear(all[first], all[third]) && isNear(all[second], all[third]) {
          add(pair + all[third].points, .arcs)
        }
      }
    }
    return result
  }

  private func isNear(_ one: BoundaryArc, _ other: BoundaryArc) -> Bool {
    let gap = one.middle - other.middle
    let reach = 2.6 * radius
    return (gap * gap).sum() < reach * reach
  }

  /// The ellipse through points of one cell's outline, held to a cell's size where they say little.
  func fitted(_ points: [SIMD2<Double>]) -> Ellipse? {
    let most = 36
    let some =
      points.count <= most ? points : (0..<most).map { points[$0 * points.count / most] }
    var start = try? EllipseFit.direct(some)
    if let found = start,
      !parameters.ellipseAreas.contains(found.area / cellArea) || found.axisRatio > parameters.axisRatio
    {
      start = nil
    }
    let from = start ?? circle(along: some)
    let prior = EllipsePrior(
      radius: radius, sizeSpread: parameters.sizeSpread, elongationSpread: parameters.elongationSpread)
    guard
      let result = EllipseFit.geometric(
        some, start: from, prior: prior, noise: parameters.contourNoise * radius, steps: 8),
      result.residual < 2.5 * parameters.contourNoise * radius
    else { return nil }
    return result.ellipse
  }

  /// A circle of a modal cell's size on the inner side of a stretch of outline.
  private func circle(along points: [SIMD2<Double>]) -> Ellipse {
    let (from, to) = (points[0], points[points.count - 1])
    let middle = points[points.count / 2]
    let chord = to - from
    let length = max(1e-9, (chord * chord).sum().squareRoot())
    // Clockwise on the screen, the clump lies on the right-hand side.
    let inward = SIMD2(-chord.y, chord.x) / length
    return Ellipse(center: middle + inward * radius, semiAxes: [radius, radius], angle: 0)
  }
}
