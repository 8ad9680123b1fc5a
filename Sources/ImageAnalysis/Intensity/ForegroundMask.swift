import Imaging

extension Volume where Scalar == Float {
  /// A mask of the head: what is brighter than the air around it, closed and without holes.
  ///
  /// On a grid of about 2 mm: Otsu's threshold of the values up to the 98th percentile (vessels and fat would pull it up),
  /// the largest component, gaps up to 8 mm closed, cavities filled. Empty for a constant image.
  public func foregroundMask() -> Mask {
    let coarse = coarsened(to: 2)
    let top = coarse.percentiles([98])[0]
    let clipped = coarse.map { min($0, top) }
    guard let threshold = clipped.otsuThreshold() else { return Mask(grid: grid, filledWith: 0) }
    let mask = clipped.map { $0 > threshold ? UInt8(1) : 0 }.largestComponent()
      .closed(by: .ball(radius: 8)).fillingHoles()
    return mask.resampledNearest(to: grid, outside: 0)
  }

  /// The image smoothed and resampled to voxels of at least `spacing` mm.
  func coarsened(to spacing: Double) -> Volume<Float> {
    let own = grid.spacing
    var (shape, steps) = (shape, SIMD3<Double>.one)
    for axis in 0..<3 where own[axis] < spacing && shape[axis] > 1 {
      let count = max(1, Int((Double(shape[axis]) * own[axis] / spacing).rounded()))
      steps[axis] = Double(shape[axis]) / Double(count)
      shape[axis] = count
    }
    // Voxels of the coarse grid cover the same extent as the fine ones.
    let affine =
      grid.affine
      * Affine(spacing: steps, origin: 0.5 * steps - 0.5)
    return gaussianSmoothed(sigmaVoxels: 0.4 * (steps - 1))
      .resampled(to: VoxelGrid(shape: shape, affine: affine), interpolation: .linear)
  }
}
