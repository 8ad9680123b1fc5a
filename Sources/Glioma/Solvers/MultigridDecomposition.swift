import Imaging

/// A density as a sum over grids, u = w0 + P(w1 + P(w2 + P w3)): GliODIL's unknowns, which let an optimiser move large
/// structures at once.
final class MultigridDecomposition {
  /// The unknowns w0, w1, …
  let levels: [SpaceTimeField]
  /// The gradient with respect to w1, w2, … (index 0 unused: the finest is handed over slice by slice).
  let gradients: [SpaceTimeField]
  private let sums: [SpaceTimeField]
  private let transfers: [SliceTransfer]

  /// A decomposition of `field`: w0 takes over its values, the other levels are zero. At most `count` levels, as many as
  /// the grid can be halved.
  init(_ field: SpaceTimeField, count: Int = 4) {
    var (levels, transfers) = ([field], [SliceTransfer]())
    while levels.count < count, let last = levels.last {
      let s = last.shape
      guard last.slices % 2 == 0, s.x % 2 == 0, s.y % 2 == 0, s.z % 2 == 0,
        min(last.slices, s.x, s.y, s.z) >= 4
      else { break }
      let transfer = SliceTransfer(fine: s)
      transfers.append(transfer)
      levels.append(SpaceTimeField(slices: last.slices / 2, shape: transfer.coarse))
    }
    self.levels = levels
    self.transfers = transfers
    sums = levels.map { SpaceTimeField(slices: $0 === field ? 1 : $0.slices, shape: $0.shape) }
    gradients = levels.map { SpaceTimeField(slices: $0 === field ? 1 : $0.slices, shape: $0.shape) }
  }

  /// Sum the coarse levels and clear their gradients; call once before the slices are prepared.
  func begin() {
    for level in levels.indices.dropFirst().reversed() {
      gradients[level].clear()
      if level == levels.count - 1 {
        sums[level].copy(levels[level])
      } else {
        for k in 0..<levels[level].slices {
          transfers[level].prolong(
            sums[level + 1], slice: k, base: levels[level][k], to: sums[level][k])
        }
      }
    }
  }

  /// The density of slice `k`.
  func prepare(_ k: Int, to slice: UnsafeMutablePointer<Float>) {
    if levels.count > 1 {
      transfers[0].prolong(sums[1], slice: k, base: levels[0][k], to: slice)
    } else {
      slice.update(from: levels[0][k], count: levels[0].pitch)
    }
  }

  /// Take the gradient of slice `k` over to the first coarse level.
  func consume(_ k: Int, gradient: UnsafePointer<Float>) {
    if levels.count > 1 { transfers[0].restrict(gradient, slice: k, into: gradients[1]) }
  }

  /// Carry the gradient down to the coarsest level; call once after all slices.
  func finish() {
    for level in levels.indices.dropFirst().dropLast() {
      for k in 0..<levels[level].slices {
        transfers[level].restrict(gradients[level][k], slice: k, into: gradients[level + 1])
      }
    }
  }
}
