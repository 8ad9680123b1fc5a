/// The coefficients of a symmetric stencil whose rows sum to zero, for kernels that go on with its result at once. The
/// cell's own coefficient, which follows from them, would be one more array in the cache.
struct StencilFaces {
  /// Of the faces towards +x, +y and +z.
  let right, back, above: UnsafeMutablePointer<Float>
  /// Cells from one row, and from one plane, to the next.
  let row, plane: Int

  /// Lu = Σ c·Δu at cell `p` and the fifteen behind it.
  @inline(__always)
  func apply(_ u: UnsafePointer<Float>, _ p: Int) -> SIMD16<Float> {
    let v = load16(u + p)
    var sum = load16(right + p - 1) * (load16(u + p - 1) - v)
    sum = sum.addingProduct(load16(right + p), load16(u + p + 1) - v)
    sum = sum.addingProduct(load16(back + p - row), load16(u + p - row) - v)
    sum = sum.addingProduct(load16(back + p), load16(u + p + row) - v)
    sum = sum.addingProduct(load16(above + p - plane), load16(u + p - plane) - v)
    return sum.addingProduct(load16(above + p), load16(u + p + plane) - v)
  }

  /// What the faces of cell `p` and the fifteen behind it add to −⟨s, Lu⟩ = Σ c·Δs·Δu; each face counts with its lower
  /// cell.
  @inline(__always)
  func product(_ s: UnsafePointer<Float>, _ u: UnsafePointer<Float>, _ p: Int) -> SIMD16<Float> {
    let (a, v) = (load16(s + p), load16(u + p))
    let x = (load16(u + p + 1) - v) * load16(right + p)
    let y = (load16(u + p + row) - v) * load16(back + p)
    let z = (load16(u + p + plane) - v) * load16(above + p)
    var sum = x * (load16(s + p + 1) - a)
    sum = sum.addingProduct(y, load16(s + p + row) - a)
    return sum.addingProduct(z, load16(s + p + plane) - a)
  }
}
