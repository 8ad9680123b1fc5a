extension WinogradConvolution {
  func run<E: ImageScalar, F: Pointwise>(_ x: ImageView<E>, _ epilogue: ConvolutionEpilogue<E, F>) {
    let depth = size.extents[0]
    team.forEachSlab(of: size.batch * strips * depth) { member, slab in
      let inputs = scratch + member * scratchCount
      let sums = inputs + 3 * planeCount
      // Transformed planes d − 1, d and d + 1 lie at their index modulo three.
      var ready = Int.min
      for unit in slab {
        let (column, d) = (unit / depth, unit % depth)
        let (sample, part) = (column / strips, column % strips)
        let tiles = part * strip..<min(size.tiles, (part + 1) * strip)
        if d == 0 { ready = Int.min }
        let reach = max(0, d - 1)...min(depth - 1, d + 1)
        for plane in reach where plane >= ready {
          transform(
            x, sample: sample, depth: plane, tiles: tiles, to: inputs + plane % 3 * planeCount)
        }
        ready = d + 2
        for block in 0..<size.outputs / 16 {
          multiply(inputs, planes: reach, depth: d, tiles: tiles.count, block: block, to: sums)
          finish(sums, sample: sample, depth: d, tiles: tiles, block: block, epilogue)
        }
      }
    }
  }

  /// Bᵀ d B of the tiles' inputs: product, block of channels, tile, channel.
  private func transform<E: ImageScalar>(
    _ x: ImageView<E>, sample: Int, depth: Int, tiles: Range<Int>, to target: UnsafeMutablePointer<Float>
  ) {
    let (height, width) = (size.extents[1], size.extents[2])
    let plane = (sample * size.extents[0] + depth) * height
    let next = inputDistance
    withUnsafeTemporaryAllocation(of: SIMD16<Float>.self, capacity: WinogradTransform.products) { lines in
      for tile in tiles {
        let (h, w) = (tile / size.tilesWide * 4 - 1, tile % size.tilesWide * 4 - 1)
        let isInside = h >= 0 && w >= 0 && h + 6 <= height && w + 6 <= width
        for block in 0..<size.blocks {
          for row in 0..<6 {
            let y = h + row
            if isInside {
              let source = x[(plane + y) * width + w] + 16 * block
              let v = WinogradTransform.input(
                E.load16(source), E.load16(source + x.stride), E.load16(source + 2 * x.stride),
                E.load16(source + 3 * x.stride), E.load16(source + 4 * x.stride),
                E.load16(source + 5 * x.stride))
              store(v, lines, 6 * row)
            } else {
              func value(_ column: Int) -> SIMD16<Float> {
                let x0 = w + column
                guard y >= 0, y < height, x0 >= 0, x0 < width else { return .zero }
                return E.load16(x[(plane + y) * width + x0] + 16 * block)
              }
              store(
                WinogradTransform.input(value(0), value(1), value(2), value(3), value(4), value(5)), lines,
                6 * row)
            }
          }
          let place = target + (block * strip + tile - tiles.lowerBound) * 16
          for column in 0..<6 {
            let v = WinogradTransform.input(
              lines[column], lines[6 + column], lines[12 + column], lines[18 + column], lines[24 + column],
              lines[30 + column])
            let place = place + column * next
            Float.store16(v.0, place)
            Float.store16(v.1, place + 6 * next)
            Float.store16(v.2, place + 12 * next)
            Float.store16(v.3, place + 18 * next)
            Float.store16(v.4, place + 24 * next)
            Float.store16(v.5, place + 30 * next)
          }
        }
      }
    }
  }

  @inline(__always)
  private func store(
    _ v: (SIMD16<Float>, SIMD16<Float>, SIMD16<Float>, SIMD16<Float>, SIMD16<Float>, SIMD16<Float>),
    _ lines: UnsafeMutableBufferPointer<SIMD16<Float>>, _ first: Int
  ) {
    lines[first] = v.0
    lines[first + 1] = v.1
    lines[first + 2] = v.2
    lines[first + 3] = v.3
    lines[first + 4] = v.4
    lines[first + 5] = v.5
  }

  /// The 36 products of a strip's tiles, summed over planes and channels: product, tile, output.
  private func multiply(
    _ inputs: UnsafePointer<Float>, planes: ClosedRange<Int>, depth: Int, tiles: Int, block: Int,
    to sums: UnsafeMutablePointer<Float>
  ) {
    let layout = ChannelProducts.Pixels(
      images: planes.map { $0 % 3 * planeCount }, block: strip * 16, blocks: size.blocks)
    let first =
      weights + block * WinogradTransform.products * weightsOfProduct
      + (planes.lowerBound - depth + 1) * size.inputs * 16
    for product in 0..<WinogradTransform.products {
      let pixels = inputs + product * inputDistance
      let sums = sums + product * sumDistance
      let factors = first + product * weightsOfProduct
      for tile in stride(from: 0, to: tiles, by: 16) {
        ChannelProducts.sum(pixels + 16 * tile, layout, factors, to: sums + 16 * tile)
      }
    }
  }

  /// Aᵀ m A to the voxels of the tiles, with bias and activation.
  private func finish<E: ImageScalar, F: Pointwise>(
    _ sums: UnsafePointer<Float>, sample: Int, depth: Int, tiles: Range<Int>, block: Int,
    _ epilogue: ConvolutionEpilogue<E, F>
  ) {
    let (height, width) = (size.extents[1], size.extents[2])
    let plane = (sample * size.extents[0] + depth) * height
    let next = sumDistance
    withUnsafeTemporaryAllocation(of: SIMD16<Float>.self, capacity: 24) { lines in
      for tile in tiles {
        let (h, w) = (tile / size.tilesWide * 4, tile % size.tilesWide * 4)
        let source = sums + (tile - tiles.lowerBound) * 16
        for column in 0..<6 {
          let m = source + column * next
          let v = WinogradTransform.output(
            Float.load16(m), Float.load16(m + 6 * next), Float.load16(m + 12 * next),
            Float.load16(m + 18 * next), Float.load16(m + 24 * next), Float.load16(m + 30 * next))
          lines[column] = v.0
          lines[6 + column] = v.1
          lines[12 + column] = v.2
          lines[18 + column] = v.3
        }
        for row in 0..<min(4, height - h) {
          let v = WinogradTransform.output(
            lines[6 * row], lines[6 * row + 1], lines[6 * row + 2], lines[6 * row + 3], lines[6 * row + 4],
            lines[6 * row + 5])
          let line = (plane + h + row) * width + w
          epilogue.store(v.0, epilogue.y[line], channel: 16 * block)
          if w + 1 < width { epilogue.store(v.1, epilogue.y[line + 1], channel: 16 * block) }
          if w + 2 < width { epilogue.store(v.2, epilogue.y[line + 2], channel: 16 * block) }
          if w + 3 < width { epilogue.store(v.3, epilogue.y[line + 3], channel: 16 * block) }
        }
      }
    }
  }
}
