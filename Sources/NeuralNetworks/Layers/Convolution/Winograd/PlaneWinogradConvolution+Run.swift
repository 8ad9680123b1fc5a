extension PlaneWinogradConvolution {
  func run<E: ImageScalar, F: Pointwise>(_ x: ImageView<E>, _ epilogue: ConvolutionEpilogue<E, F>) {
    let strips = (tileCount + strip - 1) / strip
    team.forEachPart(of: strips, size: max(1, min(8, strips / (8 * team.threads)))) { member, range in
      let (inputs, sums) = scratch(member)
      for index in range {
        let tiles = index * strip..<min((index + 1) * strip, tileCount)
        transform(x, tiles, to: inputs)
        for part in 0..<parts {
          for product in 0..<WinogradTransform.planeProducts {
            let place = (part * WinogradTransform.planeProducts + product) * blocks * 256
            ChannelProducts.sum(
              inputs + product * inputDistance, pixels: tiles.count, block: strip * 16, blocks: blocks,
              weights + place, to: sums + product * sumDistance)
          }
          finish(sums, tiles, part: part, epilogue)
        }
      }
    }
  }

  /// The first pixel of a tile's image, and the row and column at which its outputs begin.
  @inline(__always)
  private func place(of tile: Int) -> (image: Int, row: Int, column: Int) {
    let (image, rest) = (tile / (down * across), tile % (down * across))
    return (
      image * size.extents[1] * size.extents[2], rest / across * WinogradTransform.outputs,
      rest % across * WinogradTransform.outputs
    )
  }

  /// Bᵀ d B of every tile. What lies outside of the image is 0.
  private func transform<E: ImageScalar>(
    _ x: ImageView<E>, _ tiles: Range<Int>, to target: UnsafeMutablePointer<Float>
  ) {
    let (height, width, next) = (size.extents[1], size.extents[2], inputDistance)
    withUnsafeTemporaryAllocation(of: E.self, capacity: x.channels) { zeros in
      withUnsafeTemporaryAllocation(of: UnsafePointer<E>.self, capacity: 36) { pixels in
        withUnsafeTemporaryAllocation(of: SIMD16<Float>.self, capacity: 36) { lines in
          guard let zero = zeros.baseAddress else { return }
          zero.initialize(repeating: E(0), count: zeros.count)
          for tile in tiles {
            let (image, row, column) = place(of: tile)
            for y in 0..<6 {
              let line = row + y - 1
              for w in 0..<6 {
                let pixel = column + w - 1
                let isInside = line >= 0 && line < height && pixel >= 0 && pixel < width
                pixels[6 * y + w] =
                  isInside ? UnsafePointer(x[image + line * width + pixel]) : UnsafePointer(zero)
              }
            }
            for block in 0..<blocks {
              let count = min(16, size.inputs - 16 * block)
              let first = target + (block * strip + tile - tiles.lowerBound) * 16
              WinogradTransform.inputPlane(to: first, distance: next, through: lines) { y, x in
                E.load(pixels[6 * y + x] + 16 * block, count)
              }
            }
          }
        }
      }
    }
  }

  /// Aᵀ along both axes to the pixels of the tiles, with bias and activation.
  private func finish<E: ImageScalar, F: Pointwise>(
    _ sums: UnsafePointer<Float>, _ tiles: Range<Int>, part: Int, _ epilogue: ConvolutionEpilogue<E, F>
  ) {
    let (height, width, next) = (size.extents[1], size.extents[2], sumDistance)
    let (channel, count) = (16 * part, min(16, size.outputs - 16 * part))
    withUnsafeTemporaryAllocation(of: SIMD16<Float>.self, capacity: 24) { lines in
      for tile in tiles {
        let (image, row, column) = place(of: tile)
        let source = sums + (tile - tiles.lowerBound) * 16
        for w in 0..<6 {
          @inline(__always) func sum(_ y: Int) -> SIMD16<Float> { Float.load16(source + (6 * y + w) * next) }
          let v = WinogradTransform.output(sum(0), sum(1), sum(2), sum(3), sum(4), sum(5))
          (lines[w], lines[6 + w], lines[12 + w], lines[18 + w]) = (v.0, v.1, v.2, v.3)
        }
        for y in 0..<min(4, height - row) {
          let m = 6 * y
          let v = WinogradTransform.output(
            lines[m], lines[m + 1], lines[m + 2], lines[m + 3], lines[m + 4], lines[m + 5])
          let line = epilogue.y[image + (row + y) * width + column]
          let stride = epilogue.y.stride
          epilogue.store(v.0, line, channel: channel, count: count)
          if column + 1 < width { epilogue.store(v.1, line + stride, channel: channel, count: count) }
          if column + 2 < width { epilogue.store(v.2, line + 2 * stride, channel: channel, count: count) }
          if column + 3 < width { epilogue.store(v.3, line + 3 * stride, channel: channel, count: count) }
        }
      }
    }
  }
}
