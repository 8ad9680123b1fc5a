import Numerics

/// Conversion of stored numbers to larger elements within one buffer.
enum InPlaceConversion {
  typealias Kernel<Element> = @Sendable (UnsafeRawPointer, UnsafeMutablePointer<Element>, Int) -> VoxelTally

  /// Below this many elements threads cost more than they give.
  private static let smallest = 1 << 15

  /// Converts `count` numbers of `storedSize` bytes, which lie at the end of the memory of `elements` from byte
  /// `storedAt` on, into its first `count` elements.
  ///
  /// Element i is written to byte `E·i` and read from `storedAt + s·i`. As long as the next block's writes end
  /// before its reads begin, the block is converted by all threads; such blocks shrink geometrically, and the
  /// small rest goes front to back, where writing never overtakes reading.
  static func run<Element>(
    _ elements: UnsafeMutablePointer<Element>, count: Int, storedAt: Int, storedSize: Int,
    _ kernel: @escaping Kernel<Element>
  ) -> VoxelTally {
    let size = MemoryLayout<Element>.size
    let bytes = UnsafeMutableRawPointer(elements)
    if storedSize == size {
      // Nothing shrinks: one move to the front, then element by element at the same place.
      bytes.copyMemory(from: bytes + storedAt, byteCount: count * size)
      return parallel(UnsafeRawPointer(bytes), elements, count: count, storedSize: size, kernel)
    }
    var tally = VoxelTally()
    var done = 0
    while done < count {
      let free = (storedAt + storedSize * done) / size - done
      let block = min(free, count - done)
      if block < smallest { break }
      tally =
        tally
        + parallel(
          bytes + storedAt + storedSize * done, elements + done, count: block, storedSize: storedSize, kernel)
      done += block
    }
    return tally + kernel(bytes + storedAt + storedSize * done, elements + done, count - done)
  }

  /// Converts between two regions that do not overlap, or are the same with elements of equal size.
  static func parallel<Element>(
    _ source: UnsafeRawPointer, _ destination: UnsafeMutablePointer<Element>, count: Int, storedSize: Int,
    _ kernel: @escaping Kernel<Element>
  ) -> VoxelTally {
    if count < smallest { return kernel(source, destination, count) }
    // Each slab reads and writes a part of its own.
    nonisolated(unsafe) let (from, to) = (source, destination)
    return Parallel.mapSlabs(of: 0..<count) { slab in
      kernel(from + slab.lowerBound * storedSize, to + slab.lowerBound, slab.count)
    }.reduce(VoxelTally(), +)
  }
}
