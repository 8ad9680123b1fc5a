/// Grey-scale erosion and dilation with their reverse passes, as the soft skeleton needs them.
///
/// Where several voxels of a window share the extreme value the gradient goes to one of them: to the centre first, else to
/// the neighbour before, else to the one after. Border voxels repeat the outermost ones and are never chosen.
enum SoftMorphology {
  /// The minimum over each voxel and its six neighbours (the least of three 3-voxel windows along the axes).
  static func erode(_ x: PaddedVolume, into y: PaddedVolume) {
    let (row, slice) = (x.shape.row, x.shape.slice)
    y.fill { i in
      var least = x.vector(i)
      for offset in [-1, 1, -row, row, -slice, slice] {
        let other = x.vector(i + offset)
        least.replace(with: other, where: other .< least)
      }
      return least
    }
  }

  /// Add to `gradient` what flows through ``erode(_:into:)`` of `x` from the gradient `outer` of its result `y`.
  static func erodeBackward(_ x: PaddedVolume, _ y: PaddedVolume, outer: PaddedVolume, gradient: PaddedVolume)
  {
    let (row, slice) = (x.shape.row, x.shape.slice)
    let offsets = [0, -1, 1, -row, row, -slice, slice]
    outer.clearBorder()
    // The voxel i receives from the window centred at i − o when, in that window, it is the first to equal the minimum.
    gradient.fill { i in
      let value = x.vector(i)
      var sum = gradient.vector(i)
      for (rank, offset) in offsets.enumerated() {
        let centre = i - offset
        let least = y.vector(centre)
        var chosen = value .== least
        for earlier in offsets[..<rank] {
          chosen = chosen .& (x.vector(x.clamped(centre + earlier)) .!= least)
        }
        sum += Vector.zero.replacing(with: outer.vector(centre), where: chosen)
      }
      return sum
    }
  }

  /// The maximum over 3 × 3 × 3 voxels, axis by axis; `scratch` holds the maxima along x, and along x and y.
  static func dilate(_ x: PaddedVolume, scratch: (PaddedVolume, PaddedVolume), into y: PaddedVolume) {
    maximum(x, 1, into: scratch.0)
    maximum(scratch.0, x.shape.row, into: scratch.1)
    maximum(scratch.1, x.shape.slice, into: y)
  }

  /// Add to `gradient` what flows through ``dilate(_:scratch:into:)`` of `x` from the gradient `outer` of its result;
  /// `scratch` as that left it, `inner` two volumes to work in.
  static func dilateBackward(
    _ x: PaddedVolume, scratch: (PaddedVolume, PaddedVolume), outer: PaddedVolume,
    inner: (PaddedVolume, PaddedVolume), gradient: PaddedVolume
  ) {
    maximumBackward(scratch.1, x.shape.slice, outer: outer, into: inner.0, adding: false)
    maximumBackward(scratch.0, x.shape.row, outer: inner.0, into: inner.1, adding: false)
    maximumBackward(x, 1, outer: inner.1, into: gradient, adding: true)
  }

  /// The maximum of each voxel and its two neighbours at distance `step`.
  private static func maximum(_ x: PaddedVolume, _ step: Int, into y: PaddedVolume) {
    y.fill { i in
      var largest = x.vector(i)
      let (before, after) = (x.vector(i - step), x.vector(i + step))
      largest.replace(with: before, where: before .> largest)
      largest.replace(with: after, where: after .> largest)
      return largest
    }
  }

  private static func maximumBackward(
    _ x: PaddedVolume, _ step: Int, outer: PaddedVolume, into gradient: PaddedVolume, adding: Bool
  ) {
    outer.clearBorder()
    gradient.fill { i in
      let value = x.vector(i)
      let (before, after) = (x.vector(i - step), x.vector(i + step))
      let (before2, after2) = (x.vector(x.clamped(i - 2 * step)), x.vector(x.clamped(i + 2 * step)))
      let own = (value .>= before) .& (value .>= after)
      // In the window of the next voxel this one comes before, and wins over the one after at equality.
      let asBefore = (value .> after) .& (value .>= after2)
      let asAfter = (value .> before) .& (value .> before2)
      var sum = adding ? gradient.vector(i) : .zero
      sum += Vector.zero.replacing(with: outer.vector(i), where: own)
      sum += Vector.zero.replacing(with: outer.vector(i + step), where: asBefore)
      sum += Vector.zero.replacing(with: outer.vector(i - step), where: asAfter)
      return sum
    }
  }
}
