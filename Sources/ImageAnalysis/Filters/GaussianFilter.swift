import Imaging
import Numerics

extension Volume where Scalar == Float {
  /// The image convolved with a Gaussian of standard deviation `sigma`, in voxels along each axis.
  ///
  /// Faces reflect (d c b a | a b c d | d c b a); the kernel is cut off at four sigma, as SciPy's `gaussian_filter`.
  public func gaussianSmoothed(sigmaVoxels sigma: SIMD3<Double>) -> Volume<Float> {
    gaussianFiltered((0..<3).map { GaussianKernel(sigma: sigma[$0]) })
  }

  /// The image convolved with an isotropic Gaussian of standard deviation `sigma` mm, whatever the spacing.
  public func gaussianSmoothed(sigma: Double) -> Volume<Float> {
    gaussianSmoothed(sigmaVoxels: SIMD3(repeating: sigma) / grid.spacing)
  }

  /// The derivative of the smoothed image of the given order along each axis, per mm (orders 0 to 2).
  ///
  /// - Parameter sigma: the standard deviation of the Gaussian in mm.
  public func gaussianDerivative(orders: SIMD3<Int>, sigma: Double) -> Volume<Float> {
    let spacing = grid.spacing
    return gaussianFiltered(
      (0..<3).map { GaussianKernel(sigma: sigma / spacing[$0], order: orders[$0], unit: spacing[$0]) })
  }

  /// The image correlated with one kernel an axis (x, y, z), in one sweep over slices shared among threads.
  public func gaussianFiltered(_ kernels: [GaussianKernel]) -> Volume<Float> {
    precondition(kernels.count == 3, "one kernel an axis")
    guard shape.count > 0 else { return self }
    return Volume(grid: grid) { output in
      nonisolated(unsafe) let output = output
      withSliceTable(radius: kernels[2].radius) { slices in
        nonisolated(unsafe) let slices = slices
        Parallel.forEachSlab(of: 0..<shape.z) { slab in
          filterSlab(slab, slices, kernels, output.baseAddress!)
        }
      }
    }
  }

  private func filterSlab(
    _ slab: Range<Int>, _ slices: UnsafePointer<UnsafePointer<Float>>, _ kernels: [GaussianKernel],
    _ output: UnsafeMutablePointer<Float>
  ) {
    let (nx, ny) = (shape.x, shape.y)
    let width = max(nx, 16)
    let (rx, ry, rz) = (kernels[0].radius, kernels[1].radius, kernels[2].radius)
    let plane = PlaneBuffer(width: nx, height: ny, margin: ry)
    let line = UnsafeMutablePointer<Float>.allocate(capacity: width + 2 * rx)
    let result = UnsafeMutablePointer<Float>.allocate(capacity: width)
    defer {
      line.deallocate()
      result.deallocate()
    }
    line.initialize(repeating: 0, count: width + 2 * rx)
    let (wx, wy, wz) = (kernels[0].weights, kernels[1].weights, kernels[2].weights)
    for k in slab {
      Convolution.rows(
        slices + k + rz, wz, radius: rz, odd: kernels[2].order == 1, count: max(nx * ny, 16),
        into: plane.base)
      for j in 0..<ny {
        Convolution.rows(
          plane.row(j), wy, radius: ry, odd: kernels[1].order == 1, count: width, into: line + rx)
        Convolution.reflectEnds(line + rx, count: nx, radius: rx)
        let destination = output + nx * (j + ny * k)
        if nx >= 16 {
          Convolution.line(
            line + rx, wx, radius: rx, odd: kernels[0].order == 1, count: nx, into: destination)
        } else {
          Convolution.line(line + rx, wx, radius: rx, odd: kernels[0].order == 1, count: 16, into: result)
          destination.update(from: result, count: nx)
        }
      }
    }
  }
}

extension Volume where Scalar == Float {
  /// Pointers to the slices, continued by reflection over `radius` slices beyond either end.
  ///
  /// Slices smaller than a SIMD register are copied apart, so that kernels may read 16 floats from each.
  func withSliceTable<Result>(
    radius: Int, _ body: (UnsafePointer<UnsafePointer<Float>>) -> Result
  ) -> Result {
    withVoxels { voxels in
      let (area, nz) = (shape.x * shape.y, shape.z)
      let isSmall = area < 16
      return withScratch(isSmall ? 16 * nz : 0) { copies in
        if isSmall {
          copies.initialize(repeating: 0, count: 16 * nz)
          for k in 0..<nz { (copies + 16 * k).update(from: voxels.baseAddress! + area * k, count: area) }
        }
        let table = (-radius..<nz + radius).map { k -> UnsafePointer<Float> in
          let slice = GaussianKernel.reflected(k, nz)
          return isSmall
            ? UnsafePointer(copies + 16 * slice) : UnsafePointer(voxels.baseAddress! + area * slice)
        }
        return table.withUnsafeBufferPointer { body($0.baseAddress!) }
      }
    }
  }
}

/// A slice of work memory with row pointers that continue by reflection beyond the first and last row.
final class PlaneBuffer {
  let base: UnsafeMutablePointer<Float>
  private let rows: UnsafeMutablePointer<UnsafePointer<Float>>
  private let margin: Int

  init(width: Int, height: Int, margin: Int) {
    self.margin = margin
    // Kernels read and write whole registers, so the last row needs room behind it.
    base = .allocate(capacity: width * height + 16)
    base.initialize(repeating: 0, count: width * height + 16)
    rows = .allocate(capacity: height + 2 * margin)
    for j in 0..<height + 2 * margin {
      (rows + j).initialize(to: UnsafePointer(base + width * GaussianKernel.reflected(j - margin, height)))
    }
  }

  deinit {
    base.deallocate()
    rows.deallocate()
  }

  /// The pointer to the pointer of row `j`; rows −margin to height − 1 + margin exist.
  @inline(__always)
  func row(_ j: Int) -> UnsafePointer<UnsafePointer<Float>> { UnsafePointer(rows + j + margin) }
}
