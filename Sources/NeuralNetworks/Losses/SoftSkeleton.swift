/// The soft skeleton of a volume with values in [0, 1] (Shit et al., CVPR 2021, algorithm 1), with its reverse pass.
///
/// With `E₀ = x`, `Eⱼ₊₁ = erode(Eⱼ)` and `δⱼ = max(0, Eⱼ − dilate(Eⱼ₊₁))`, the skeleton is `S = 1 − Πⱼ (1 − δⱼ)` for
/// j = 0…k: what opening removes at each thickness, united. Holds 2k + 3 volumes for the reverse pass.
struct SoftSkeleton {
  /// S.
  var skeleton: PaddedVolume { union[union.count - 1] }
  /// E₀ … Eₖ₊₁.
  private let eroded: [PaddedVolume]
  /// S after each j.
  private let union: [PaddedVolume]

  /// The skeleton of `voxels`, D H W, after `iterations` erosions.
  init(of voxels: UnsafePointer<Float>, _ shape: PaddedShape, _ iterations: Int) {
    precondition(iterations >= 0, "a number of erosions")
    let first = PaddedVolume(shape)
    first.load(voxels)
    var eroded = [first]
    var union: [PaddedVolume] = []
    let (opened, scratch) = (PaddedVolume(shape), (PaddedVolume(shape), PaddedVolume(shape)))
    for j in 0...iterations {
      let (current, next, after) = (eroded[j], PaddedVolume(shape), PaddedVolume(shape))
      SoftMorphology.erode(current, into: next)
      SoftMorphology.dilate(next, scratch: scratch, into: opened)
      let before = union.last
      after.fill { i in
        let removed = SoftSkeleton.removed(current, opened, i)
        guard let before else { return removed }
        return before.vector(i) + removed * (1 - before.vector(i))
      }
      eroded.append(next)
      union.append(after)
    }
    (self.eroded, self.union) = (eroded, union)
  }

  /// Replace the gradient with respect to the skeleton, D H W, by the gradient with respect to the voxels.
  func backward(_ gradient: UnsafeMutablePointer<Float>) {
    let shape = eroded[0].shape
    let outer = PaddedVolume(shape)  // with respect to S after j
    outer.load(gradient)
    var byNext = PaddedVolume(shape)  // with respect to Eⱼ₊₁
    var byCurrent = PaddedVolume(shape)
    let (opened, byOpened) = (PaddedVolume(shape), PaddedVolume(shape))
    let (scratch, inner) = (
      (PaddedVolume(shape), PaddedVolume(shape)), (PaddedVolume(shape), PaddedVolume(shape))
    )
    for j in stride(from: union.count - 1, through: 0, by: -1) {
      let (current, next) = (eroded[j], eroded[j + 1])
      SoftMorphology.dilate(next, scratch: scratch, into: opened)
      let before = j > 0 ? union[j - 1] : nil
      // S = S' + δ·(1 − S'), δ = max(0, E − O): dδ = dS·(1 − S'), dS' = dS·(1 − δ).
      let target = byCurrent
      target.fill { i in
        let free = before.map { 1 - $0.vector(i) } ?? Vector(repeating: 1)
        let kept = current.vector(i) .> opened.vector(i)
        return Vector.zero.replacing(with: outer.vector(i) * free, where: kept)
      }
      byOpened.fill { -target.vector($0) }
      outer.fill { i in outer.vector(i) * (1 - SoftSkeleton.removed(current, opened, i)) }
      SoftMorphology.dilateBackward(next, scratch: scratch, outer: byOpened, inner: inner, gradient: byNext)
      SoftMorphology.erodeBackward(current, next, outer: byNext, gradient: byCurrent)
      swap(&byNext, &byCurrent)
    }
    byNext.unload(gradient)
  }

  /// δ: what opening takes away.
  @inline(__always)
  private static func removed(_ current: PaddedVolume, _ opened: PaddedVolume, _ i: Int) -> Vector {
    let difference = current.vector(i) - opened.vector(i)
    return difference.replacing(with: 0, where: difference .< 0)
  }
}
