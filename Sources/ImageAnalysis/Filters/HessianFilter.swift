import Imaging
import Numerics

/// The Hessian of a smoothed image, slice by slice in work buffers of one slice a thread.
///
/// The six second derivatives share their separable passes: three sums along z, six along y from these, one
/// along x for each. Second derivatives are per mm² and multiplied by sigma² (Lindeberg's scale normalisation, γ = 1), so
/// that responses of different scales compare.
struct HessianFilter {
  private let order0, order1, order2: [[Float]]
  private let radius: [Int]

  /// The Hessian at scale `sigma` (mm) on a grid of the given spacing (mm).
  init(sigma: Double, spacing: SIMD3<Double>) {
    func kernels(_ order: Int) -> [[Float]] {
      (0..<3).map { axis in
        // A share of sigma^order with each derivative makes sigma² in all.
        GaussianKernel(sigma: sigma / spacing[axis], order: order, unit: spacing[axis] / sigma).weights
      }
    }
    (order0, order1, order2) = (kernels(0), kernels(1), kernels(2))
    radius = order0.map { $0.count - 1 }
  }

  /// Call `body` for every row of `image` with the position of its first voxel and the six second derivatives along it.
  ///
  /// Rows are visited by several threads at once. Buffers hold the row's voxels and, for rows shorter than
  /// sixteen, values without meaning up to that many.
  func forEachRow(
    of image: Volume<Float>, _ body: @Sendable (Int, HessianRow) -> Void
  ) {
    let shape = image.shape
    guard shape.count > 0 else { return }
    image.withSliceTable(radius: radius[2]) { slices in
      nonisolated(unsafe) let slices = slices
      Parallel.forEachSlab(of: 0..<shape.z) { slab in
        sweep(slab, slices, shape, body)
      }
    }
  }

  @inline(__always)
  private func sweep(
    _ slab: Range<Int>, _ slices: UnsafePointer<UnsafePointer<Float>>, _ shape: VoxelShape,
    _ body: (Int, HessianRow) -> Void
  ) {
    let (nx, ny) = (shape.x, shape.y)
    let width = max(nx, 16)
    let (rx, ry, rz) = (radius[0], radius[1], radius[2])
    // Smoothed, first and second derivative along z.
    let planes = (0..<3).map { _ in PlaneBuffer(width: nx, height: ny, margin: ry) }
    let length = width + 2 * rx
    let lines = UnsafeMutablePointer<Float>.allocate(capacity: 6 * length)
    lines.initialize(repeating: 0, count: 6 * length)
    let row = HessianRow(width: width)
    defer {
      lines.deallocate()
      row.deallocate()
    }
    let (wx0, wx1, wx2) = (order0[0], order1[0], order2[0])
    let wy = order0[1] + order1[1] + order2[1]
    let wz = order0[2] + order1[2] + order2[2]
    let line = (0..<6).map { lines + $0 * length + rx }
    for k in slab {
      Convolution.rowsOfAllOrders(
        slices + k + rz, wz, radius: rz, count: max(nx * ny, 16), into: planes[0].base, planes[1].base,
        planes[2].base)
      for j in 0..<ny {
        // Lines by their orders along y and z: 00, 10, 20, then 01, 11, then 02.
        Convolution.rowsOfAllOrders(
          planes[0].row(j), wy, radius: ry, count: width, into: line[0], line[1], line[2])
        Convolution.rowsOfFirstOrders(
          planes[1].row(j), wy, radius: ry, count: width, into: line[3], line[4])
        Convolution.rows(planes[2].row(j), wy, radius: ry, odd: false, count: width, into: line[5])
        for buffer in line { Convolution.reflectEnds(buffer, count: nx, radius: rx) }
        Convolution.line(line[0], wx2, radius: rx, odd: false, count: width, into: row.xx)
        Convolution.line(line[1], wx1, radius: rx, odd: true, count: width, into: row.xy)
        Convolution.line(line[2], wx0, radius: rx, odd: false, count: width, into: row.yy)
        Convolution.line(line[3], wx1, radius: rx, odd: true, count: width, into: row.xz)
        Convolution.line(line[4], wx0, radius: rx, odd: false, count: width, into: row.yz)
        Convolution.line(line[5], wx0, radius: rx, odd: false, count: width, into: row.zz)
        body(nx * (j + ny * k), row)
      }
    }
  }
}

/// The six second derivatives along one row.
struct HessianRow {
  let xx, yy, zz, xy, xz, yz: UnsafeMutablePointer<Float>

  init(width: Int) {
    xx = .allocate(capacity: 6 * width)
    (yy, zz, xy) = (xx + width, xx + 2 * width, xx + 3 * width)
    (xz, yz) = (xx + 4 * width, xx + 5 * width)
  }

  func deallocate() { xx.deallocate() }

  /// The matrices of the sixteen voxels from `x` on.
  @inline(__always)
  func matrices(_ x: Int) -> SymmetricMatrices {
    SymmetricMatrices(
      xx: load(xx, x), yy: load(yy, x), zz: load(zz, x), xy: load(xy, x), xz: load(xz, x),
      yz: load(yz, x))
  }
}

extension Volume where Scalar == Float {
  /// The eigenvalues of the Hessian at scale `sigma` (mm), ordered by absolute value with the smallest first.
  ///
  /// Multiplied by sigma² (dimensionless scale-space derivatives).
  public func hessianEigenvalues(sigma: Double) -> (Volume<Float>, Volume<Float>, Volume<Float>) {
    var smallest = Volume<Float>(grid: grid, filledWith: 0)
    var (middle, largest) = (smallest, smallest)
    let nx = shape.x
    smallest.withMutableVoxels { first in
      middle.withMutableVoxels { second in
        largest.withMutableVoxels { third in
          nonisolated(unsafe) let outputs = (first, second, third)
          HessianFilter(sigma: sigma, spacing: grid.spacing).forEachRow(of: self) { start, row in
            forEachRowBlock(nx) { x, lanes in
              let (a, b, c) = row.matrices(x).eigenvaluesByMagnitude()
              storeRow(a, outputs.0.baseAddress!, start + x, lanes)
              storeRow(b, outputs.1.baseAddress!, start + x, lanes)
              storeRow(c, outputs.2.baseAddress!, start + x, lanes)
            }
          }
        }
      }
    }
    return (smallest, middle, largest)
  }
}

/// As `forEachLaneOffset`, also for rows shorter than sixteen: `body` gets an offset and the number of lanes that count.
@inline(__always)
func forEachRowBlock(_ count: Int, _ body: (Int, Int) -> Void) {
  if count < 16 { body(0, count) } else { forEachLaneOffset(count) { body($0, 16) } }
}

@inline(__always)
func storeRow(
  _ value: SIMD16<Float>, _ pointer: UnsafeMutablePointer<Float>, _ offset: Int, _ lanes: Int
) {
  if lanes == 16 {
    store(value, pointer, offset)
  } else {
    for lane in 0..<lanes { pointer[offset + lane] = value[lane] }
  }
}
