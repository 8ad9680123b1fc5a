import Imaging

/// A seven-point stencil with coefficients of its own at every cell: (Lu)_i = d_i·u_i + Σ c_{i,n}·u_n.
///
/// Neighbours beyond the box do not exist (coefficient 0), except for the periodic links of the published scheme,
/// which are kept in a list. A symmetric stencil stores three faces a cell instead of six neighbours.
final class Stencil: @unchecked Sendable {
  // Unchecked because it is written only while it is built or recombined, never during a parallel sweep.

  /// A link across the box: cell `target` receives `coefficient` times the value of cell `source`.
  struct Link {
    var target: Int32
    var source: Int32
    var coefficient: Float
  }

  let shape: VoxelShape
  let isSymmetric: Bool
  /// The diagonal, then the faces towards +x, +y, +z (symmetric) or the neighbours −x, +x, −y, +y, −z, +z.
  private let rows: [SpaceTimeField]
  private(set) var links: [Link]

  /// The symmetric stencil of the faces from each cell towards +x, +y and +z; its rows sum to zero.
  init(shape: VoxelShape, faces: [[Float]]) {
    self.shape = shape
    isSymmetric = true
    links = []
    rows = (0..<4).map { _ in SpaceTimeField(slices: 1, shape: shape) }
    for axis in 0..<3 { rows[axis + 1].setSlice(0, to: faces[axis]) }
    for cell in 0..<shape.count {
      for axis in 0..<3 {
        rows[0][0][cell] -= faces[axis][cell] + rows[axis + 1][0][cell - shape.stride(axis)]
      }
    }
  }

  /// The stencil whose off-diagonal coefficients are `neighbours` (−x, +x, −y, +y, −z, +z; one value a cell) and
  /// `links`; rows sum to zero when `diagonal` is nil.
  init(shape: VoxelShape, neighbours: [[Float]], links: [Link], diagonal: [Float]? = nil) {
    self.shape = shape
    isSymmetric = false
    self.links = links.sorted { ($0.target, $0.source) < ($1.target, $1.source) }
    rows = (0..<7).map { _ in SpaceTimeField(slices: 1, shape: shape) }
    for direction in 0..<6 { rows[direction + 1].setSlice(0, to: neighbours[direction]) }
    var own = diagonal ?? Array(repeating: 0, count: shape.count)
    if diagonal == nil {
      for values in neighbours { for cell in 0..<shape.count { own[cell] -= values[cell] } }
      for link in links { own[Int(link.target)] -= link.coefficient }
    }
    rows[0].setSlice(0, to: own)
  }

  /// A stencil of the same form with undefined coefficients, to be filled by `combine`.
  func twin() -> Stencil {
    let zero = Array(repeating: Float(0), count: shape.count)
    if isSymmetric { return Stencil(shape: shape, faces: [zero, zero, zero]) }
    return Stencil(shape: shape, neighbours: Array(repeating: zero, count: 6), links: links, diagonal: zero)
  }

  /// Make this stencil a·first + b·second; the three must come from the same faces.
  func combine(_ a: Float, _ first: Stencil, _ b: Float, _ second: Stencil) {
    for row in rows.indices {
      let (out, x, y) = (rows[row][0], first.rows[row][0], second.rows[row][0])
      for cell in 0..<rows[row].pitch { out[cell] = a * x[cell] + b * y[cell] }
    }
    for index in links.indices {
      links[index].coefficient = a * first.links[index].coefficient + b * second.links[index].coefficient
    }
  }

  /// The transposed stencil; itself where it is symmetric.
  func transposed() -> Stencil {
    if isSymmetric { return self }
    let offsets = (0..<3).flatMap { [-shape.stride($0), shape.stride($0)] }
    var neighbours = Array(repeating: Array(repeating: Float(0), count: shape.count), count: 6)
    for direction in 0..<6 {
      let opposite = rows[(direction ^ 1) + 1][0]
      for cell in 0..<shape.count {
        let other = cell + offsets[direction]
        if other >= 0, other < shape.count { neighbours[direction][cell] = opposite[other] }
      }
    }
    let turned = links.map { Link(target: $0.source, source: $0.target, coefficient: $0.coefficient) }
    return Stencil(shape: shape, neighbours: neighbours, links: turned, diagonal: rows[0].slice(0))
  }

  /// The coefficient of the cell itself, one value a cell; never positive.
  var diagonal: UnsafeMutablePointer<Float> { rows[0][0] }

  /// `result` = L·`input` on the cells `cells`, whose bounds are multiples of 16.
  @inline(__always)
  func apply(_ input: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>, _ cells: Range<Int>) {
    let (row, plane) = (shape.x, shape.x * shape.y)
    let own = rows[0][0]
    let right = isSymmetric ? rows[1][0] : rows[2][0]
    let back = isSymmetric ? rows[2][0] : rows[4][0]
    let above = isSymmetric ? rows[3][0] : rows[6][0]
    let left = isSymmetric ? right - 1 : rows[1][0]
    let front = isSymmetric ? back - row : rows[3][0]
    let below = isSymmetric ? above - plane : rows[5][0]
    var p = cells.lowerBound
    while p < cells.upperBound {
      var sum = load16(own + p) * load16(input + p)
      sum = sum.addingProduct(load16(left + p), load16(input + p - 1))
      sum = sum.addingProduct(load16(right + p), load16(input + p + 1))
      sum = sum.addingProduct(load16(front + p), load16(input + p - row))
      sum = sum.addingProduct(load16(back + p), load16(input + p + row))
      sum = sum.addingProduct(load16(below + p), load16(input + p - plane))
      sum = sum.addingProduct(load16(above + p), load16(input + p + plane))
      store16(sum, result + p)
      p += 16
    }
    if !links.isEmpty { applyLinks(input, result, cells) }
  }

  /// The coefficients where the stencil is symmetric.
  var faces: StencilFaces? {
    guard isSymmetric else { return nil }
    return StencilFaces(
      right: rows[1][0], back: rows[2][0], above: rows[3][0], row: shape.x, plane: shape.x * shape.y)
  }

  /// ⟨s, Lu⟩ on `cells`; `scratch` is overwritten there.
  @inline(__always)
  func innerProduct(
    _ s: UnsafePointer<Float>, _ u: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>,
    _ cells: Range<Int>
  ) -> Float {
    var total = SIMD16<Float>.zero
    apply(u, scratch, cells)
    forEach16(cells) { p, keep in
      total = total.addingProduct(masked(load16(s + p), keep), load16(scratch + p))
    }
    return total.sum()
  }

  private func applyLinks(
    _ input: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>, _ cells: Range<Int>
  ) {
    links.withUnsafeBufferPointer { links in
      var (lower, upper) = (0, links.count)
      while lower < upper {
        let middle = (lower + upper) / 2
        if links[middle].target < cells.lowerBound { lower = middle + 1 } else { upper = middle }
      }
      var index = lower
      while index < links.count, links[index].target < cells.upperBound {
        result[Int(links[index].target)] += links[index].coefficient * input[Int(links[index].source)]
        index += 1
      }
    }
  }
}
