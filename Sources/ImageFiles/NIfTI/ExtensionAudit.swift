/// The check of the blocks between header and voxels. They are never used, so damage in them is a finding only.
package enum ExtensionAudit {
  /// Walks the blocks in `bytes`, which start right after the header with the four extension flags.
  package static func findings(_ bytes: ArraySlice<UInt8>, isBigEndian: Bool) -> [Finding] {
    guard bytes.count >= 4, bytes[bytes.startIndex] != 0 else { return [] }
    var offset = bytes.startIndex + 4
    while offset + 8 <= bytes.endIndex {
      let size = Int32(
        truncatingIfNeeded: (0..<4).reduce(0) { value, index in
          value | Int(bytes[offset + index]) << (8 * (isBigEndian ? 3 - index : index))
        })
      // Zeros up to vox_offset are padding.
      if size == 0, bytes[offset...].allSatisfy({ $0 == 0 }) { return [] }
      guard size >= 16, Int(size) <= bytes.endIndex - offset else {
        return [
          Finding(
            .warning, "nifti.extension",
            "a header extension claims \(size) bytes with \(bytes.endIndex - offset) before the voxels; extensions "
              + "are ignored.")
        ]
      }
      if size % 16 != 0 {
        return [
          Finding(
            .warning, "nifti.extension",
            "a header extension has \(size) bytes, not a multiple of 16; extensions are ignored.")
        ]
      }
      offset += Int(size)
    }
    return []
  }
}
