import Imaging

/// The four coarse planes (two slices, two planes) between which a fine plane lies, and their weights.
struct CoarsePlanes {
  private let planes: WeightedRows
  private let width: Int

  /// The parents of plane `z` of a slice whose parents in time are `time`.
  init(
    _ field: SpaceTimeField, _ time: (near: Int, far: Int, nearWeight: Float, farWeight: Float), _ z: Int
  ) {
    let p = SliceTransfer.parents(z, field.shape.z)
    let size = field.shape.x * field.shape.y
    let (a, b) = (field[time.near], field[time.far])
    planes = WeightedRows(
      rows: (
        UnsafePointer(a + size * p.near), UnsafePointer(a + size * p.far), UnsafePointer(b + size * p.near),
        UnsafePointer(b + size * p.far)
      ),
      weights: [
        time.nearWeight * p.nearWeight, time.nearWeight * p.farWeight, time.farWeight * p.nearWeight,
        time.farWeight * p.farWeight,
      ])
    width = field.shape.x
  }

  /// Row `y`, interpolated along x to twice as many cells; `sums` has room for it and a cell on either side.
  @inline(__always)
  func expand(row y: Int, through sums: UnsafeMutablePointer<Float>, to out: UnsafeMutablePointer<Float>) {
    planes.sum(from: y * width, count: width, to: sums)
    var x = 0
    while x + 8 <= width {
      let own = 0.75 * load8(sums + x)
      var children = SIMD16<Float>.zero
      children.evenHalf = own.addingProduct(SIMD8(repeating: 0.25), load8(sums + x - 1))
      children.oddHalf = own.addingProduct(SIMD8(repeating: 0.25), load8(sums + x + 1))
      store16(children, out + 2 * x)
      x += 8
    }
    while x < width {
      let own = 0.75 * sums[x]
      out[2 * x] = own + 0.25 * sums[x - 1]
      out[2 * x + 1] = own + 0.25 * sums[x + 1]
      x += 1
    }
    for child in [0, 2 * width - 1] {
      let p = SliceTransfer.parents(child, width)
      out[child] = p.nearWeight * sums[p.near] + p.farWeight * sums[p.far]
    }
  }
}

/// Up to four fine rows whose weighted sum, reduced along x, belongs to one coarse row.
struct FineRows {
  private let rows: WeightedRows

  /// The children of coarse row `y` of `count` and their neighbours, in the plane `values`.
  init(_ values: UnsafePointer<Float>, width: Int, coarseRow y: Int, of count: Int) {
    let (first, last) = (y == 0, y == count - 1)
    let own = values + 2 * y * width
    rows = WeightedRows(
      rows: (first ? own : own - width, own, own + width, last ? own : own + 2 * width),
      weights: count == 1
        ? [0, 1, 1, 0] : [first ? 0 : 0.25, first ? 1.25 : 0.75, last ? 1.25 : 0.75, last ? 0 : 0.25])
  }

  /// One row alone.
  init(_ values: UnsafePointer<Float>, width: Int, single y: Int, weight: Float) {
    let row = values + y * width
    rows = WeightedRows(rows: (row, row, row, row), weights: [weight, 0, 0, 0])
  }

  /// The sum on `count` coarse cells: the transposed interpolation along x; `sums` has room for the fine row and a cell
  /// on either side.
  @inline(__always)
  func reduce(through sums: UnsafeMutablePointer<Float>, to out: UnsafeMutablePointer<Float>, count: Int) {
    rows.sum(from: 0, count: 2 * count, to: sums)
    var x = 0
    while x + 8 <= count {
      let own = load16(sums + 2 * x)
      var sum = 0.75 * own.evenHalf
      sum = sum.addingProduct(SIMD8(repeating: 0.75), own.oddHalf)
      sum = sum.addingProduct(SIMD8(repeating: 0.25), load16(sums + 2 * x - 1).evenHalf)
      store8(sum.addingProduct(SIMD8(repeating: 0.25), load16(sums + 2 * x + 2).evenHalf), out + x)
      x += 8
    }
    while x < count {
      let (children, neighbours) = (sums[2 * x] + sums[2 * x + 1], sums[2 * x - 1] + sums[2 * x + 2])
      out[x] = 0.75 * children + 0.25 * neighbours
      x += 1
    }
    let last = count - 1
    guard last > 0 else {
      out[0] = sums[0] + sums[1]
      return
    }
    out[0] = 1.25 * sums[0] + 0.75 * sums[1] + 0.25 * sums[2]
    out[last] = 1.25 * sums[2 * last + 1] + 0.75 * sums[2 * last] + 0.25 * sums[2 * last - 1]
    out[1] -= 0.25 * sums[0]
    out[last - 1] -= 0.25 * sums[2 * last + 1]
  }
}

/// Up to four rows of values, and the weights of their sum.
private struct WeightedRows {
  let rows: (UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>)
  let weights: SIMD4<Float>

  /// The sums at `x` and the seven places behind it.
  @inline(__always)
  func lanes8(_ x: Int) -> SIMD8<Float> {
    var sum = weights[0] * load8(rows.0 + x)
    sum = sum.addingProduct(SIMD8(repeating: weights[1]), load8(rows.1 + x))
    sum = sum.addingProduct(SIMD8(repeating: weights[2]), load8(rows.2 + x))
    return sum.addingProduct(SIMD8(repeating: weights[3]), load8(rows.3 + x))
  }

  /// The sums at `x` and the fifteen places behind it.
  @inline(__always)
  func lanes16(_ x: Int) -> SIMD16<Float> {
    var sum = weights[0] * load16(rows.0 + x)
    sum = sum.addingProduct(SIMD16(repeating: weights[1]), load16(rows.1 + x))
    sum = sum.addingProduct(SIMD16(repeating: weights[2]), load16(rows.2 + x))
    return sum.addingProduct(SIMD16(repeating: weights[3]), load16(rows.3 + x))
  }

  /// The sums of `count` places from `first` on.
  @inline(__always)
  func sum(from first: Int, count: Int, to out: UnsafeMutablePointer<Float>) {
    var x = 0
    while x + 16 <= count {
      store16(lanes16(first + x), out + x)
      x += 16
    }
    if x + 8 <= count {
      store8(lanes8(first + x), out + x)
      x += 8
    }
    while x < count {
      let place = first + x
      out[x] =
        weights[0] * rows.0[place] + weights[1] * rows.1[place] + weights[2] * rows.2[place]
        + weights[3] * rows.3[place]
      x += 1
    }
  }
}

@inline(__always)
func load8(_ pointer: UnsafePointer<Float>) -> SIMD8<Float> {
  UnsafeRawPointer(pointer).loadUnaligned(as: SIMD8<Float>.self)
}

@inline(__always)
func store8(_ value: SIMD8<Float>, _ pointer: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: SIMD8<Float>.self)
}
