import Imaging
import Numerics

extension NIfTIFile {
  /// Decodes the stored voxels of one volume into an array of four-byte elements.
  ///
  /// Stored numbers of up to four bytes are read into the end of the array's own memory and converted in place
  /// from the front, so that the peak is the result (and, where compressed, the file).
  func decode<Element: Sendable>(
    volume: Int,
    _ kernel: @escaping @Sendable (UnsafeRawPointer, UnsafeMutablePointer<Element>, Int) -> VoxelTally
  ) throws(ImageFileError) -> (voxels: [Element], tally: VoxelTally, findings: [Finding]) {
    let source = try VoxelSource(self)
    let count = grid.shape.count
    let size = header.datatype.byteCount
    let first = volume * count * size
    let isWhole = source.isSeekable || header.volumeCount == 1
    var outcome: Result<(VoxelTally, [Finding]), ImageFileError> = .success((VoxelTally(), []))
    let voxels: [Element]
    if isWhole, size <= MemoryLayout<Element>.size {
      let prefix = source.prefixBytes
      let spare = (prefix + MemoryLayout<Element>.size - 1) / MemoryLayout<Element>.size
      voxels = Array(unsafeUninitializedCapacity: count + spare) { buffer, initialized in
        outcome = Result { () throws(ImageFileError) in
          let bytes = UnsafeMutableRawBufferPointer(buffer)
          adviseLargePages(bytes)
          let start = (count + spare) * MemoryLayout<Element>.size - count * size
          let end = start + count * size
          let findings = try source.read(
            into: UnsafeMutableRawBufferPointer(rebasing: bytes[(start - prefix)..<end]), firstByte: first)
          guard let base = buffer.baseAddress else { return (VoxelTally(), findings) }
          return (
            InPlaceConversion.run(base, count: count, storedAt: start, storedSize: size, kernel), findings
          )
        }
        if case .success = outcome { initialized = count }
      }
    } else {
      let skipped = source.prefixBytes + (source.isSeekable ? 0 : first)
      let length = source.isSeekable ? count * size : source.prefixBytes + header.voxelByteCount
      let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 64)
      defer { scratch.deallocate() }
      adviseLargePages(scratch)
      voxels = Array(unsafeUninitializedCapacity: count) { buffer, initialized in
        adviseLargePages(UnsafeMutableRawBufferPointer(buffer))
        outcome = Result { () throws(ImageFileError) in
          let findings = try source.read(into: scratch, firstByte: first)
          guard let base = buffer.baseAddress, let stored = scratch.baseAddress else {
            return (VoxelTally(), findings)
          }
          return (
            InPlaceConversion.parallel(stored + skipped, base, count: count, storedSize: size, kernel),
            findings
          )
        }
        if case .success = outcome { initialized = count }
      }
    }
    let (tally, findings) = try outcome.get()
    return (voxels, tally, findings)
  }

  /// Smallest, largest and mean of all voxels of all volumes.
  func statistics() throws(ImageFileError) -> (statistics: VoxelStatistics, findings: [Finding]) {
    let source = try VoxelSource(self)
    let prefix = source.prefixBytes
    let scratch = UnsafeMutableRawBufferPointer.allocate(
      byteCount: prefix + header.voxelByteCount, alignment: 64)
    defer { scratch.deallocate() }
    adviseLargePages(scratch)
    let findings = try source.read(into: scratch)
    guard let base = scratch.baseAddress else { return (VoxelStatistics(), findings) }
    nonisolated(unsafe) let stored = UnsafeRawPointer(base + prefix)
    let size = header.datatype.byteCount
    let decoding = VoxelDecoding(header)
    // A fixed number of slabs: the mean does not depend on the number of threads.
    let parts = Parallel.mapSlabs(of: 0..<header.voxelByteCount / size, count: 64) { slab in
      decoding.statistics(of: stored + slab.lowerBound * size, count: slab.count)
    }
    return (parts.reduce(VoxelStatistics(), +), findings)
  }
}
