import COneDNN

/// Copies of an image as tiles want them: bf16, in blocks of channels, between borders of zeros.
enum TileImages {
  /// Where the copies lie, in bytes: terms, parities and blocks of channels each form an array of planes.
  struct Layout {
    /// From one array to the next.
    var array: Int
    /// From one plane to the next.
    var plane: Int
    /// From one line to the next, and from one voxel to the next.
    var line: Int
    var row: Int
  }

  /// One plane of zeros in every array.
  static func clear(_ place: UnsafeMutableRawPointer, _ layout: Layout, arrays: Int) {
    for array in 0..<arrays {
      (place + array * layout.array).initializeMemory(as: UInt8.self, repeating: 0, count: layout.plane)
    }
  }

  /// Plane `depth` of `sample` of the coarser grid, to `place`, the plane's first border.
  static func write<E: ImageScalar>(
    _ x: ImageView<E>, _ geometry: TileGeometry, _ layout: Layout, sample: Int, depth: Int,
    to place: UnsafeMutableRawPointer
  ) {
    let (height, width) = (geometry.extents[1], geometry.extents[2])
    let step = geometry.kind == .contracting ? 2 : 1
    let blocks = geometry.inputBlocks
    for parity in 0..<geometry.inputParities {
      let (z, y, x0) = (parity >> 2, parity >> 1 & 1, parity & 1)
      let first = ((sample * geometry.extents[0] + depth) * step + z) * height * step
      for block in 0..<blocks {
        let array = place + (parity * blocks + block) * layout.array
        let term = geometry.inputParities * blocks * layout.array
        for t in 0..<geometry.terms { border(array + t * term, layout, lines: height) }
        for h in 0..<height {
          let target = array + (h + 1) * layout.line
          let source = x[(first + h * step + y) * width * step + x0] + 32 * block
          let half = min(2, (geometry.inputs - 32 * block) / 16)
          for part in 0..<half {
            line(
              source + 16 * part, step * x.stride, width, to: target + layout.row + 32 * part, layout.row,
              terms: geometry.terms, term)
          }
        }
      }
    }
  }

  /// Zeros around a plane.
  private static func border(_ plane: UnsafeMutableRawPointer, _ layout: Layout, lines: Int) {
    plane.initializeMemory(as: UInt8.self, repeating: 0, count: layout.line)
    for line in 1...lines {
      (plane + line * layout.line).initializeMemory(as: UInt8.self, repeating: 0, count: layout.row)
    }
    let behind = (lines + 1) * layout.line
    (plane + behind).initializeMemory(as: UInt8.self, repeating: 0, count: layout.plane - behind)
  }

  /// 16 channels of the voxels of a line.
  @inline(__always)
  private static func line<E: ImageScalar>(
    _ source: UnsafePointer<E>, _ stride: Int, _ width: Int, to target: UnsafeMutableRawPointer, _ row: Int,
    terms: Int, _ term: Int
  ) {
    if E.self == BFloat16.self {
      for w in 0..<width {
        let bits = UnsafeRawPointer(source + w * stride).loadUnaligned(as: SIMD16<UInt16>.self)
        target.storeBytes(of: bits, toByteOffset: w * row, as: SIMD16<UInt16>.self)
      }
      return
    }
    for w in 0..<width {
      var value = E.load16(source + w * stride)
      for t in 0..<terms {
        let part = nn_upper_halves(value)
        target.storeBytes(of: nn_to_bfloat16(part), toByteOffset: t * term + w * row, as: SIMD16<UInt16>.self)
        value -= part
      }
    }
  }
}
