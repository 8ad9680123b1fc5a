/// The set of candidate ellipses that explains a clump at the least cost.
///
/// Cost, in cells: foreground left uncovered, background covered, contour that no outline runs along, area covered
/// twice, and each ellipse's own price (the number of ellipses is thereby bounded, as in Zou et al., 2021, and
/// Panagiotakis and Argyros, 2020). Sets grow by one ellipse at a time; the best few of each size are kept, so
/// the work is bounded: sizes × kept × candidates.
struct JointChoice {
  let problem: ClumpProblem
  let candidates: [EllipseCandidate]

  /// A set of candidates and what it leaves unexplained.
  private struct Selection {
    var members: [Int]
    var foreground: [UInt64]
    var background: [UInt64]
    var gaps: [UInt8]
    var twice: Int
    var prices: Double
    var cost: Double
  }

  /// The indices of the chosen candidates and their cost.
  func best() -> (members: [Int], cost: Double) {
    let contourPoints = problem.contour.count
    var empty = Selection(
      members: [], foreground: Array(repeating: 0, count: (problem.samples.foregroundCount + 63) / 64),
      background: Array(repeating: 0, count: (problem.samples.backgroundCount + 63) / 64),
      gaps: Array(repeating: 255, count: contourPoints), twice: 0, prices: 0, cost: 0)
    empty.cost = cost(
      foreground: 0, background: 0, gapSum: 255 * contourPoints, twice: 0, prices: 0)
    var winner = empty
    var kept = [empty]
    if candidates.count > problem.parameters.largestBeamProblem { return greedy(from: empty) }
    let most = Int(2 * Double(problem.samples.foregroundCount) / problem.cellSamples) + 3
    var sinceGain = 0
    for _ in 0..<most {
      var grown: [(cost: Double, parent: Int, member: Int)] = []
      for (parent, selection) in kept.enumerated() {
        for member in candidates.indices where !selection.members.contains(member) {
          grown.append((costAdding(member, to: selection), parent, member))
        }
      }
      grown.sort { ($0.cost, $0.parent, $0.member) < ($1.cost, $1.parent, $1.member) }
      var next: [Selection] = []
      var seen: Set<[Int]> = []
      for step in grown {
        if next.count == problem.parameters.beam { break }
        let members = (kept[step.parent].members + [step.member]).sorted()
        if seen.insert(members).inserted {
          next.append(adding(step.member, to: kept[step.parent], members: members, cost: step.cost))
        }
      }
      guard let first = next.first else { break }
      if first.cost < winner.cost - 1e-9 {
        winner = first
        sinceGain = 0
      } else {
        sinceGain += 1
        if sinceGain == 2 { break }
      }
      kept = next
    }
    return (winner.members, winner.cost)
  }

  /// The same cost lowered one ellipse at a time, for large clumps: after each choice only the gains of candidates near
  /// it are reckoned again.
  private func greedy(from empty: Selection) -> (members: [Int], cost: Double) {
    var selection = empty
    var gains = candidates.indices.map { empty.cost - costAdding($0, to: empty) }
    while let best = gains.indices.max(by: { (gains[$0], -$0) < (gains[$1], -$1) }), gains[best] > 1e-9 {
      let cost = costAdding(best, to: selection)
      selection = adding(best, to: selection, members: selection.members + [best], cost: cost)
      gains[best] = -.infinity
      let chosen = candidates[best].ellipse
      for other in candidates.indices where gains[other] > -.infinity {
        let gap = candidates[other].ellipse.center - chosen.center
        // Gains change where areas overlap or where both run along the same contour.
        let reach = candidates[other].ellipse.semiAxes.x + chosen.semiAxes.x + problem.radius
        if (gap * gap).sum() < reach * reach {
          gains[other] = selection.cost - costAdding(other, to: selection)
        }
      }
    }
    return (selection.members, selection.cost)
  }

  private func cost(
    foreground: Int, background: Int, gapSum: Int, twice: Int, prices: Double
  ) -> Double {
    let p = problem.parameters
    let circumference = 2 * Double.pi * ClumpBoundary.density
    return p.uncovered * Double(problem.samples.foregroundCount - foreground) / problem.cellSamples
      + p.coveredBackground * Double(background) / problem.cellSamples
      + p.contour * Double(gapSum) / 255 / circumference + p.overlap * Double(twice) / problem.cellSamples
      + prices
  }

  private func costAdding(_ member: Int, to selection: Selection) -> Double {
    let candidate = candidates[member]
    var (foreground, background, twice, gapSum) = (0, 0, 0, 0)
    for word in selection.foreground.indices {
      foreground += (selection.foreground[word] | candidate.foreground[word]).nonzeroBitCount
      twice += (selection.foreground[word] & candidate.foreground[word]).nonzeroBitCount
    }
    for word in selection.background.indices {
      background += (selection.background[word] | candidate.background[word]).nonzeroBitCount
    }
    for point in selection.gaps.indices {
      gapSum &+= Int(min(selection.gaps[point], candidate.gaps[point]))
    }
    return cost(
      foreground: foreground, background: background, gapSum: gapSum, twice: selection.twice + twice,
      prices: selection.prices + candidate.price)
  }

  private func adding(
    _ member: Int, to selection: Selection, members: [Int], cost: Double
  ) -> Selection {
    let candidate = candidates[member]
    var result = selection
    result.members = members
    for word in result.foreground.indices {
      result.twice += (result.foreground[word] & candidate.foreground[word]).nonzeroBitCount
      result.foreground[word] |= candidate.foreground[word]
    }
    for word in result.background.indices { result.background[word] |= candidate.background[word] }
    for point in result.gaps.indices { result.gaps[point] = min(result.gaps[point], candidate.gaps[point]) }
    result.prices += candidate.price
    result.cost = cost
    return result
  }
}
