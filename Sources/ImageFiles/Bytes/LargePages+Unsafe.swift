import Foundation

/// Asks the system to back a large, fresh buffer with large pages.
///
/// Loading a volume is mostly waiting for inflate; what comes next is the kernel handing out 4 KiB pages, tens of
/// thousands of them for 100 MB. Where large pages are not to be had, nothing changes.
func adviseLargePages(_ buffer: UnsafeMutableRawBufferPointer) {
  #if os(Linux)
    let page = 2 << 20
    guard let base = buffer.baseAddress, buffer.count >= 4 * page else { return }
    let start = (Int(bitPattern: base) + page - 1) / page * page
    let end = (Int(bitPattern: base) + buffer.count) / page * page
    if end > start { madvise(UnsafeMutableRawPointer(bitPattern: start), end - start, Int32(MADV_HUGEPAGE)) }
  #endif
}
