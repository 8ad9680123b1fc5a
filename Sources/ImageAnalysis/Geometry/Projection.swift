import Imaging

extension Volume where Scalar: Comparable {
  /// The greatest value along each line parallel to `axis` (0, 1 or 2): the maximum-intensity projection (MIP).
  ///
  /// The picture's x and y are the two other axes in their order, y growing downwards as stored: along 2 it is (x, y), along 1
  /// (x, z), along 0 (y, z).
  @inlinable
  public func maximumIntensityProjection(along axis: Int) -> Plane<Scalar> {
    precondition((0..<3).contains(axis) && shape.count > 0, "an axis of an image with voxels")
    let (u, v) = (axis == 0 ? 1 : 0, axis == 2 ? 1 : 2)
    let (width, height, depth) = (shape[u], shape[v], shape[axis])
    let (stepU, stepV, step) = (shape.stride(u), shape.stride(v), shape.stride(axis))
    return withVoxels { voxels in
      var pixels: [Scalar] = []
      pixels.reserveCapacity(width * height)
      if axis == 0 {
        for y in 0..<height {
          for x in 0..<width {
            let start = stepU * x + stepV * y
            var greatest = voxels[start]
            for d in 1..<max(depth, 1) { greatest = max(greatest, voxels[start + d]) }
            pixels.append(greatest)
          }
        }
      } else {
        // Rows stay whole, so memory is read in order.
        for y in 0..<height {
          let line = pixels.count
          for x in 0..<width { pixels.append(voxels[x + stepV * y]) }
          for d in 1..<max(depth, 1) {
            for x in 0..<width { pixels[line + x] = max(pixels[line + x], voxels[x + stepV * y + step * d]) }
          }
        }
      }
      return Plane(width: width, height: height, pixels: pixels)
    }
  }
}
