import Imaging
import Numerics

/// A density as a sum over grids, u = w0 + P(w1 + P(w2 + P w3)): GliODIL's unknowns, which let an optimiser move large
/// structures at once.
final class MultigridDecomposition: Sendable {
  /// The unknowns w1, w2, …; the finest, w0, stays with the caller.
  let coarse: [SpaceTimeField]
  /// The gradient with respect to `coarse`.
  let gradients: [SpaceTimeField]
  /// w1 + P(w2 + …) and so on; the last is that of `coarse`.
  private let sums: [SpaceTimeField]
  /// The gradients before the sum over fine planes.
  private let partial: [SpaceTimeField]
  private let transfers: [SliceTransfer]
  /// Cells of a plane of the finest level.
  private let plane: Int

  /// Levels of zeros below a finest one of `slices` and `shape`; at most `count` levels with it, as many as the grid can be
  /// halved.
  init(slices: Int, shape: VoxelShape, count: Int = 4) {
    var (coarse, partial, transfers) = ([SpaceTimeField](), [SpaceTimeField](), [SliceTransfer]())
    var (n, s) = (slices, shape)
    while transfers.count < count - 1, n % 2 == 0, s.x % 2 == 0, s.y % 2 == 0, s.z % 2 == 0,
      min(n, s.x, s.y, s.z) >= 4
    {
      let transfer = SliceTransfer(fine: s)
      transfers.append(transfer)
      partial.append(
        SpaceTimeField(slices: n / 2, shape: VoxelShape(transfer.coarse.x, transfer.coarse.y, s.z)))
      (n, s) = (n / 2, transfer.coarse)
      coarse.append(SpaceTimeField(slices: n, shape: s))
    }
    plane = shape.x * shape.y
    self.coarse = coarse
    self.partial = partial
    self.transfers = transfers
    func twins(_ fields: some Sequence<SpaceTimeField>) -> [SpaceTimeField] {
      fields.map { SpaceTimeField(slices: $0.slices, shape: $0.shape) }
    }
    gradients = twins(coarse)
    sums = twins(coarse.dropLast()) + coarse.suffix(1)
  }

  /// Sum the coarse levels; call before the density is asked for.
  func begin() {
    for level in coarse.indices.dropLast().reversed() {
      let (field, sum, below, transfer) = (coarse[level], sums[level], sums[level + 1], transfers[level + 1])
      let (planes, plane) = (field.shape.z, field.shape.x * field.shape.y)
      Parallel.forEachSlab(of: 0..<field.slices) { slab in
        for k in slab {
          for z in 0..<planes {
            let start = z * plane
            transfer.prolong(below, slice: k, plane: z, base: field[k] + start, to: sum[k] + start)
          }
        }
      }
    }
  }

  /// The density of slice `k` on plane `z`: what the finest level holds there and the interpolation of the coarse ones.
  /// `out` may be `finest`.
  func density(
    _ finest: UnsafePointer<Float>, slice k: Int, plane z: Int, to out: UnsafeMutablePointer<Float>
  ) {
    if transfers.isEmpty {
      out.update(from: finest, count: plane)
    } else {
      transfers[0].prolong(sums[0], slice: k, plane: z, base: finest, to: out)
    }
  }

  /// Take over the finest gradient of slice `k` on plane `z`; slices in ascending order.
  func restrict(_ gradient: UnsafePointer<Float>, slice k: Int, plane z: Int) {
    if !transfers.isEmpty { transfers[0].restrict(gradient, slice: k, plane: z, into: partial[0]) }
  }

  /// Carry the gradient down to the coarsest level; call once all planes are taken over.
  func finish() {
    for level in coarse.indices {
      transfers[level].gather(partial[level], into: gradients[level])
      guard level + 1 < coarse.count else { return }
      let (gradient, transfer, target) = (gradients[level], transfers[level + 1], partial[level + 1])
      let plane = gradient.shape.x * gradient.shape.y
      Parallel.forEachSlab(of: 0..<gradient.shape.z) { slab in
        for k in 0..<gradient.slices {
          for z in slab { transfer.restrict(gradient[k] + z * plane, slice: k, plane: z, into: target) }
        }
      }
    }
  }
}
