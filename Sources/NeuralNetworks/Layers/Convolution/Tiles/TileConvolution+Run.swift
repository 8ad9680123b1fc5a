import COneDNN

extension TileConvolution {
  func run<E: ImageScalar, F: Pointwise>(_ x: ImageView<E>, _ epilogue: ConvolutionEpilogue<E, F>) {
    isWhole ? runWhole(x, epilogue) : runPlanes(x, epilogue)
  }

  private var arrays: Int { geometry.terms * geometry.inputParities * geometry.inputBlocks }

  /// Each thread takes planes of results.
  private func runPlanes<E: ImageScalar, F: Pointwise>(
    _ x: ImageView<E>, _ epilogue: ConvolutionEpilogue<E, F>
  ) {
    let depth = geometry.extents[0]
    let positions = (geometry.extents[1] - 1) * geometry.line + geometry.extents[2]
    team.forEachSlab(of: geometry.batch * depth) { member, slab in
      let copies = scratch + member * copyBytes
      withTiles { sums in
        var ready = Int.min
        for plane in slab {
          let (sample, d) = (plane / depth, plane % depth)
          // Planes d − 1, d and d + 1 lie at their index modulo three, counted from the border.
          if d == 0 { ready = Int.min }
          for source in max(d - 1, ready)...d + 1 {
            let target = copies + (source + 1) % 3 * layout.plane
            if source < 0 || source >= depth {
              TileImages.clear(target, layout, arrays: arrays)
            } else {
              TileImages.write(x, geometry, layout, sample: sample, depth: source, to: target)
            }
          }
          ready = d + 2
          for (parity, steps) in steps[d % 3].enumerated() {
            for block in stride(from: 0, to: geometry.outputBlocks, by: blocksAtOnce) {
              multiply(
                copies, steps, parity: parity, block: block, sample: sample, depth: d..<d + 1,
                positions: positions, sums, epilogue)
            }
          }
        }
      }
    }
  }

  /// The image is copied, then each thread takes output channels.
  private func runWhole<E: ImageScalar, F: Pointwise>(
    _ x: ImageView<E>, _ epilogue: ConvolutionEpilogue<E, F>
  ) {
    let depth = geometry.extents[0]
    let copies = scratch
    let lines = depth * (geometry.extents[1] + 1) - 2
    let positions = lines * geometry.line + geometry.extents[2]
    let groups = geometry.outputBlocks / blocksAtOnce
    for sample in 0..<geometry.batch {
      team.forEachSlab(of: depth + 2) { _, planes in
        for plane in planes {
          let target = copies + plane * layout.plane
          if plane == 0 {
            TileImages.clear(target, layout, arrays: arrays)
          } else if plane == depth + 1 {
            for array in 0..<arrays {
              (target + array * layout.array).initializeMemory(
                as: UInt8.self, repeating: 0, count: layout.array - plane * layout.plane)
            }
          } else {
            TileImages.write(x, geometry, layout, sample: sample, depth: plane - 1, to: target)
          }
        }
      }
      team.forEachSlab(of: groups * geometry.outputParities) { _, slab in
        withTiles { sums in
          for unit in slab {
            let parity = unit / groups
            multiply(
              copies, steps[0][parity], parity: parity, block: unit % groups * blocksAtOnce, sample: sample,
              depth: 0..<depth, positions: positions, sums, epilogue)
          }
        }
      }
    }
  }

  /// Blocks of 16 output channels computed together.
  private var blocksAtOnce: Int { geometry.outputBlocks == 1 ? 1 : 2 }

  /// The calling thread's tile registers, and room for the sums of a block.
  private func withTiles(_ body: (UnsafeMutablePointer<Float>) -> Void) {
    withUnsafeTemporaryAllocation(byteCount: 4096 + 64, alignment: 64) { memory in
      guard let base = memory.baseAddress else { return }
      let before = (base + 4096).bindMemory(to: UInt8.self, capacity: 64)
      nn_tiles_open(before)
      body(base.bindMemory(to: Float.self, capacity: 1024))
      nn_tiles_close(before)
    }
  }

  /// All positions of `depth`, for 16 or 32 output channels of one parity.
  private func multiply<E: ImageScalar, F: Pointwise>(
    _ copies: UnsafeMutableRawPointer, _ steps: [nn_tile_step], parity: Int, block: Int, sample: Int,
    depth: Range<Int>, positions: Int, _ sums: UnsafeMutablePointer<Float>,
    _ epilogue: ConvolutionEpilogue<E, F>
  ) {
    let image = UnsafePointer(copies.assumingMemoryBound(to: UInt8.self))
    let distance = geometry.tilesPerBlock * 1024
    let weights = UnsafePointer((tiles + block * distance).assumingMemoryBound(to: UInt8.self))
    let tall = blocksAtOnce == 1
    let count = tall ? 64 : 32
    steps.withUnsafeBufferPointer { steps in
      for first in stride(from: 0, to: positions, by: count) {
        let rows = image + first * layout.row
        if tall {
          nn_tiles_tall(rows, layout.row, weights, steps.baseAddress, steps.count, sums)
        } else {
          nn_tiles_square(rows, layout.row, weights, distance, steps.baseAddress, steps.count, sums)
        }
        store(
          sums, from: first, count: min(count, positions - first), parity: parity, block: block,
          sample: sample, depth: depth, epilogue)
      }
    }
  }

  /// The sums of a block, line by line, to their voxels; those at borders are nobody's.
  @inline(__always)
  private func store<E: ImageScalar, F: Pointwise>(
    _ sums: UnsafePointer<Float>, from first: Int, count: Int, parity: Int, block: Int, sample: Int,
    depth: Range<Int>, _ epilogue: ConvolutionEpilogue<E, F>
  ) {
    let (height, width) = (geometry.extents[1], geometry.extents[2])
    let step = geometry.kind == .expanding ? 2 : 1
    let (z, y, x) = (parity >> 2, parity >> 1 & 1, parity & 1)
    var line = first / geometry.line
    var w = first % geometry.line
    var row = 0
    while row < count {
      let (d, h) = (depth.lowerBound + line / (height + 1), line % (height + 1))
      let run = min(width - w, count - row)
      if h < height && d < depth.upperBound && run > 0 {
        let plane = (sample * geometry.extents[0] + d) * step + z
        let voxel = (plane * height * step + h * step + y) * width * step + w * step + x
        store(
          sums + row * 16 * blocksAtOnce, run, epilogue.y[voxel] + 16 * block, step * epilogue.y.stride,
          epilogue.bias.map { $0 + 16 * block }, epilogue)
      }
      row += geometry.line - w
      w = 0
      line += 1
    }
  }

  @inline(__always)
  private func store<E: ImageScalar, F: Pointwise>(
    _ sums: UnsafePointer<Float>, _ count: Int, _ target: UnsafeMutablePointer<E>, _ stride: Int,
    _ bias: UnsafePointer<Float>?, _ epilogue: ConvolutionEpilogue<E, F>
  ) {
    let blocks = blocksAtOnce
    for part in 0..<blocks {
      let shift = bias.map { Float.load16($0 + 16 * part) } ?? .zero
      for i in 0..<count {
        let place = target + i * stride + 16 * part
        var value = epilogue.function(Float.load16(sums + (i * blocks + part) * 16) + shift)
        if epilogue.adding { value += E.load16(place) }
        E.store16(value, place)
      }
    }
  }
}
