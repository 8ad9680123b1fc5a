extension UpsampledConvolution {
  func run<E: ImageScalar, F: Pointwise>(_ x: ImageView<E>, _ epilogue: ConvolutionEpilogue<E, F>) {
    let strips = (voxelCount + strip - 1) / strip
    team.forEachPart(of: strips, size: max(1, min(8, strips / (8 * team.threads)))) { member, part in
      let (inputs, sums) = scratch(member)
      for index in part {
        let all = index * strip..<min((index + 1) * strip, voxelCount)
        let voxels = active(all, epilogue.active)
        if voxels != all { clear(all, without: voxels, epilogue) }
        guard !voxels.isEmpty else { continue }
        difference(x, voxels, to: inputs)
        for block in 0..<size.outputs / 16 {
          for product in 0..<UpsampledConvolution.products {
            let factors = weights + (block * UpsampledConvolution.products + product) * size.inputs * 16
            ChannelProducts.sum(
              inputs + product * inputDistance, pixels: voxels.count, block: strip * 16, blocks: size.blocks,
              factors, to: sums + product * sumDistance)
          }
          finish(sums, voxels, block: block, epilogue)
        }
      }
    }
  }

  /// Voxels of one line.
  private struct Run {
    var voxels: Range<Int>
    /// Of the line: sample and depth in one, depth, height.
    var plane: Int
    var depth: Int
    var height: Int
    /// Of the first voxel.
    var width: Int
  }

  private func forEachRun(of voxels: Range<Int>, _ body: (Run) -> Void) {
    let e = size.extents
    var first = voxels.lowerBound
    while first < voxels.upperBound {
      let line = first / e[2]
      let plane = line / e[1]
      let end = min(voxels.upperBound, (line + 1) * e[2])
      body(
        Run(
          voxels: first..<end, plane: plane, depth: plane % e[0], height: line % e[1],
          width: first - line * e[2]))
      first = end
    }
  }

  /// The voxels from the first to the last whose outputs are wanted.
  private func active(_ voxels: Range<Int>, _ blocks: ActiveBlocks?) -> Range<Int> {
    guard let blocks, let scale = blocks.scale(of: size.extents) else { return voxels }
    var wanted: Range<Int>?
    forEachRun(of: voxels) { run in
      let columns = blocks.columns(
        depth: run.depth..<run.depth + 1, height: run.height..<run.height + 1, scale: scale
      ).clamped(to: run.width..<run.width + run.voxels.count)
      guard !columns.isEmpty else { return }
      let line = run.voxels.lowerBound - run.width
      wanted = (wanted?.lowerBound ?? line + columns.lowerBound)..<line + columns.upperBound
    }
    return wanted ?? voxels.lowerBound..<voxels.lowerBound
  }

  /// Zeros for the fine voxels of coarse ones outside of `wanted`.
  private func clear<E: ImageScalar, F>(
    _ voxels: Range<Int>, without wanted: Range<Int>, _ epilogue: ConvolutionEpilogue<E, F>
  ) {
    let e = size.extents
    for part in [voxels.lowerBound..<wanted.lowerBound, wanted.upperBound..<voxels.upperBound] {
      forEachRun(of: part) { run in
        for z in 0..<2 {
          for y in 0..<2 {
            let line = ((run.plane * 2 + z) * 2 * e[1] + run.height * 2 + y) * 2 * e[2] + 2 * run.width
            for voxel in 0..<2 * run.voxels.count {
              epilogue.y[line + voxel].update(repeating: E(0), count: epilogue.y.channels)
            }
          }
        }
      }
    }
  }

  /// uᵢ₋₁ − uᵢ, uᵢ and uᵢ₊₁ − uᵢ along each axis: product, block of channels, voxel, channel.
  private func difference<E: ImageScalar>(
    _ x: ImageView<E>, _ voxels: Range<Int>, to target: UnsafeMutablePointer<Float>
  ) {
    withUnsafeTemporaryAllocation(of: SIMD16<Float>.self, capacity: 27) { columns in
      guard let columns = columns.baseAddress else { return }
      forEachRun(of: voxels) { run in
        for block in 0..<size.blocks {
          var (left, middle, right) = (columns, columns + 9, columns + 18)
          column(x, run, at: run.width - 1, block: block, to: left)
          column(x, run, at: run.width, block: block, to: middle)
          var place = target + (block * strip + run.voxels.lowerBound - voxels.lowerBound) * 16
          for width in run.width..<run.width + run.voxels.count {
            column(x, run, at: width + 1, block: block, to: right)
            for row in 0..<9 {
              let products = place + 3 * row * inputDistance
              Float.store16(left[row] - middle[row], products)
              Float.store16(middle[row], products + inputDistance)
              Float.store16(right[row] - middle[row], products + 2 * inputDistance)
            }
            (left, middle, right) = (middle, right, left)
            place += 16
          }
        }
      }
    }
  }

  /// The differences along depth and height of one column; what lies outside of the image is 0.
  @inline(__always)
  private func column<E: ImageScalar>(
    _ x: ImageView<E>, _ run: Run, at width: Int, block: Int, to values: UnsafeMutablePointer<SIMD16<Float>>
  ) {
    let e = size.extents
    guard width >= 0, width < e[2] else { return values.update(repeating: .zero, count: 9) }
    let (line, plane) = (e[2] * x.stride, e[1] * e[2] * x.stride)
    let centre = UnsafePointer(x[(run.plane * e[1] + run.height) * e[2] + width]) + 16 * block
    let (before, behind) = (run.height > 0, run.height + 1 < e[1])
    for z in 0..<3 {
      let has = z == 1 || (z == 0 ? run.depth > 0 : run.depth + 1 < e[0])
      let source = centre + (z - 1) * plane
      let middle = has ? E.load16(source) : .zero
      values[3 * z] = (has && before ? E.load16(source - line) : .zero) - middle
      values[3 * z + 1] = middle
      values[3 * z + 2] = (has && behind ? E.load16(source + line) : .zero) - middle
    }
    for y in 0..<3 {
      values[y] -= values[3 + y]
      values[6 + y] -= values[3 + y]
    }
  }

  /// The eight fine voxels of each coarse one: along each axis the middle product and that of its side.
  private func finish<E: ImageScalar, F: Pointwise>(
    _ sums: UnsafePointer<Float>, _ voxels: Range<Int>, block: Int, _ epilogue: ConvolutionEpilogue<E, F>
  ) {
    let e = size.extents
    forEachRun(of: voxels) { run in
      for z in 0..<2 {
        for y in 0..<2 {
          let (deep, high) = (18 * z * sumDistance, 6 * y * sumDistance)
          let line = ((run.plane * 2 + z) * 2 * e[1] + run.height * 2 + y) * 2 * e[2] + 2 * run.width
          var source = sums + (run.voxels.lowerBound - voxels.lowerBound) * 16
          for voxel in 0..<run.voxels.count {
            @inline(__always) func sum(_ column: Int) -> SIMD16<Float> {
              let near = source + column * sumDistance
              return (Float.load16(near + 12 * sumDistance) + Float.load16(near + 9 * sumDistance + high))
                + (Float.load16(near + 3 * sumDistance + deep) + Float.load16(near + deep + high))
            }
            let middle = sum(1)
            epilogue.store(middle + sum(0), epilogue.y[line + 2 * voxel], channel: 16 * block)
            epilogue.store(middle + sum(2), epilogue.y[line + 2 * voxel + 1], channel: 16 * block)
            source += 16
          }
        }
      }
    }
  }
}
