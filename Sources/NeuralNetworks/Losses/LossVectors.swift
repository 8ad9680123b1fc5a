import Numerics

/// Sixteen neighbouring entries of a tensor.
typealias Vector = SIMD16<Float>

/// A tensor read by all threads of a loss.
struct VectorReader: @unchecked Sendable {  // Safe: the entries are only read while the loss is evaluated.
  let base: UnsafePointer<Float>
  let count: Int

  /// The entries of `buffer`, which must not be empty.
  init(_ buffer: UnsafeBufferPointer<Float>) {
    guard let address = buffer.baseAddress else { preconditionFailure("an empty tensor") }
    base = address
    count = buffer.count
  }

  /// Entries `start..<start + 16`; those beyond the end are `padding`.
  @inline(__always)
  func vector(at start: Int, padding: Float = 0) -> Vector {
    if start + 16 <= count {
      return UnsafeRawPointer(base + start).loadUnaligned(as: Vector.self)
    }
    var result = Vector(repeating: padding)
    for lane in 0..<count - start { result[lane] = base[start + lane] }
    return result
  }
}

/// A tensor that the threads of a loss write, each its own range.
struct VectorWriter: @unchecked Sendable {  // Safe: no two threads are given the same range.
  let base: UnsafeMutablePointer<Float>
  let count: Int

  /// The entries of `buffer`, which must not be empty.
  init(_ buffer: UnsafeMutableBufferPointer<Float>) {
    guard let address = buffer.baseAddress else { preconditionFailure("an empty tensor") }
    base = address
    count = buffer.count
  }

  /// Write entries `start..<start + 16` as far as they exist.
  @inline(__always)
  func store(_ vector: Vector, at start: Int) {
    if start + 16 <= count {
      UnsafeMutableRawPointer(base + start).storeBytes(of: vector, as: Vector.self)
    } else {
      for lane in 0..<count - start { base[start + lane] = vector[lane] }
    }
  }
}

/// The sum of `body` over blocks of at most 1024 entries, the same for any number of threads.
///
/// Within a block `body` may add in single precision: each of 16 lanes sees at most 64 terms.
func orderedSum(_ count: Int, _ body: @Sendable (Range<Int>) -> SIMD4<Double>) -> SIMD4<Double> {
  let blocks = (count + 1023) / 1024
  let parts = Parallel.slabs(of: 0..<blocks, count: (blocks + 15) / 16)
  var sums = [SIMD4<Double>](repeating: .zero, count: parts.count)
  sums.withUnsafeMutableBufferPointer { sums in
    Team.current.forEachSlab(of: parts.count) { _, indices in
      for part in indices {
        for block in parts[part] { sums[part] += body(block * 1024..<min(count, (block + 1) * 1024)) }
      }
    }
  }
  return sums.reduce(.zero, +)
}

/// Run `body` for blocks of at most 1024 entries, on all threads.
func forEachBlock(_ count: Int, _ body: @Sendable (Range<Int>) -> Void) {
  Team.current.forEachSlab(of: (count + 1023) / 1024) { _, slab in
    for block in slab { body(block * 1024..<min(count, (block + 1) * 1024)) }
  }
}
