/// Sixteen floats: one AVX-512 register, two of AVX2.
typealias Float16Lanes = SIMD16<Float>

/// Sixteen consecutive floats from `pointer + offset`, at any alignment.
@inline(__always)
func load(_ pointer: UnsafePointer<Float>, _ offset: Int) -> Float16Lanes {
  UnsafeRawPointer(pointer + offset).loadUnaligned(as: Float16Lanes.self)
}

/// Write sixteen consecutive floats to `pointer + offset`, at any alignment.
@inline(__always)
func store(_ value: Float16Lanes, _ pointer: UnsafeMutablePointer<Float>, _ offset: Int) {
  UnsafeMutableRawPointer(pointer + offset).storeBytes(of: value, as: Float16Lanes.self)
}

/// Run `body` at offsets 0, 16, 32, … so that every one of `count` elements is covered.
///
/// The last step is moved back to end at `count` and overlaps its neighbour, which is harmless where outputs depend
/// on inputs only. `count` must be at least 16.
@inline(__always)
func forEachLaneOffset(_ count: Int, _ body: (Int) -> Void) {
  var offset = 0
  while offset + 16 <= count {
    body(offset)
    offset += 16
  }
  if offset < count { body(count - 16) }
}

/// A block of uninitialised floats that lives as long as `body` runs.
@inline(__always)
func withScratch<Result>(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Result) -> Result {
  let block = UnsafeMutablePointer<Float>.allocate(capacity: count)
  defer { block.deallocate() }
  return body(block)
}

// The standard library's pointwiseMin and pointwiseMax go lane by lane; these compile to a few instructions.

/// The lesser of each pair of lanes.
@inline(__always)
func lesser(_ a: Float16Lanes, _ b: Float16Lanes) -> Float16Lanes { a.replacing(with: b, where: b .< a) }

/// The greater of each pair of lanes.
@inline(__always)
func greater(_ a: Float16Lanes, _ b: Float16Lanes) -> Float16Lanes { a.replacing(with: b, where: b .> a) }
