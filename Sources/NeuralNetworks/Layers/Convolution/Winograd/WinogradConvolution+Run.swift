import COneDNN

extension WinogradConvolution {
  func run<E: ImageScalar, F: Pointwise>(_ x: ImageView<E>, _ epilogue: ConvolutionEpilogue<E, F>) {
    let count = size.batch * strips.count
    team.forEachPart(of: count, size: max(1, min(8, count / (8 * team.threads)))) { member, part in
      let (scratch, weights) = (scratch(member), UnsafePointer(weights))
      for index in part {
        let strip = strips[index]
        let next = index + 1 < part.upperBound ? strips[index + 1] : nil
        for (turn, products) in WinogradTransform.inputPairs.enumerated() {
          combine(x, strip, turn, to: scratch.combined)
          for (half, product) in products.enumerated() {
            transform(scratch.combined + half * combinedCount, strip, to: scratch.inputs)
            let plane = 2 * turn + half
            multiply(
              scratch, strip, weights, depthProduct: product, fetch(inputs: x, of: next, plane: plane),
              fetch(outputs: epilogue.y, of: strip, plane: plane))
          }
        }
        for block in 0..<size.outputs / 16 {
          finish(
            scratch.sums + block * WinogradTransform.products * sumDistance, strip, block: block, epilogue)
        }
      }
    }
  }

  /// Bᵀ d along depth for the two products of a turn: block of channels, row, column, channel. What lies outside of the
  /// image is 0.
  private func combine<E: ImageScalar>(
    _ x: ImageView<E>, _ strip: WinogradStrips.Strip, _ turn: Int, to target: UnsafeMutablePointer<Float>
  ) {
    let e = size.extents
    let (rows, columns) = (strip.rows.count * 4 + 2, strip.columns.count * 4 + 2)
    let (top, left) = (strip.rows.lowerBound * 4 - 1, strip.columns.lowerBound * 4 - 1)
    let inside = max(0, -left)..<min(columns, e[2] - left)
    withUnsafeTemporaryAllocation(of: E.self, capacity: columns * x.stride) { zeros in
      guard let zero = zeros.baseAddress else { return }
      zero.initialize(repeating: E(0), count: zeros.count)
      for row in 0..<rows {
        for block in 0..<size.blocks {
          let first = target + (block * strips.inputRows + row) * strips.inputColumns * 16
          guard (0..<e[1]).contains(top + row) else {
            first.update(repeating: 0, count: columns * 16)
            (first + combinedCount).update(repeating: 0, count: columns * 16)
            continue
          }
          for outside in [0..<inside.lowerBound, inside.upperBound..<columns] {
            (first + outside.lowerBound * 16).update(repeating: 0, count: outside.count * 16)
            (first + combinedCount + outside.lowerBound * 16).update(repeating: 0, count: outside.count * 16)
          }
          func source(_ plane: Int) -> UnsafePointer<E> {
            let depth = strip.depth * 4 - 1 + plane
            guard (0..<e[0]).contains(depth) else { return UnsafePointer(zero) }
            let line = ((strip.sample * e[0] + depth) * e[1] + top + row) * e[2]
            return UnsafePointer(x[line + left + inside.lowerBound] + 16 * block)
          }
          let planes = (source(0), source(1), source(2), source(3), source(4), source(5))
          combine(planes, step: x.stride, count: inside.count, turn, to: first + inside.lowerBound * 16)
        }
      }
    }
  }

  /// The pixels of a line, `step` scalars apart.
  private func combine<E: ImageScalar>(
    _ d: (
      UnsafePointer<E>, UnsafePointer<E>, UnsafePointer<E>, UnsafePointer<E>, UnsafePointer<E>,
      UnsafePointer<E>
    ), step: Int, count: Int, _ turn: Int, to target: UnsafeMutablePointer<Float>
  ) {
    var (i, place) = (0, target)
    let second = combinedCount
    switch turn {
    case 0:
      for _ in 0..<count {
        Float.store16(
          WinogradTransform.outer(E.load16(d.0 + i), E.load16(d.2 + i), E.load16(d.4 + i)), place)
        Float.store16(
          WinogradTransform.outer(E.load16(d.1 + i), E.load16(d.3 + i), E.load16(d.5 + i)), place + second)
        (i, place) = (i + step, place + 16)
      }
    case 1:
      for _ in 0..<count {
        let v = WinogradTransform.near(
          E.load16(d.1 + i), E.load16(d.2 + i), E.load16(d.3 + i), E.load16(d.4 + i))
        Float.store16(v.0, place)
        Float.store16(v.1, place + second)
        (i, place) = (i + step, place + 16)
      }
    default:
      for _ in 0..<count {
        let v = WinogradTransform.far(
          E.load16(d.1 + i), E.load16(d.2 + i), E.load16(d.3 + i), E.load16(d.4 + i))
        Float.store16(v.0, place)
        Float.store16(v.1, place + second)
        (i, place) = (i + step, place + 16)
      }
    }
  }

  /// Bᵀ d B in the plane of each tile: product, block of channels, tile, channel.
  @inline(never)
  private func transform(
    _ source: UnsafePointer<Float>, _ strip: WinogradStrips.Strip, to target: UnsafeMutablePointer<Float>
  ) {
    let line = strips.inputColumns * 16
    let next = inputDistance
    withUnsafeTemporaryAllocation(of: SIMD16<Float>.self, capacity: WinogradTransform.planeProducts) {
      lines in
      for block in 0..<size.blocks {
        var place = target + block * strips.places * 16
        for row in 0..<strip.rows.count {
          for column in 0..<strip.columns.count {
            let corner = source + (block * strips.inputRows + 4 * row) * line + 64 * column
            for y in 0..<6 {
              let d = corner + y * line
              let v = WinogradTransform.input(
                Float.load16(d), Float.load16(d + 16), Float.load16(d + 32), Float.load16(d + 48),
                Float.load16(d + 64), Float.load16(d + 80))
              lines[6 * y] = v.0
              lines[6 * y + 1] = v.1
              lines[6 * y + 2] = v.2
              lines[6 * y + 3] = v.3
              lines[6 * y + 4] = v.4
              lines[6 * y + 5] = v.5
            }
            for x in 0..<6 {
              let v = WinogradTransform.input(
                lines[x], lines[6 + x], lines[12 + x], lines[18 + x], lines[24 + x], lines[30 + x])
              let place = place + x * next
              Float.store16(v.0, place)
              Float.store16(v.1, place + 6 * next)
              Float.store16(v.2, place + 12 * next)
              Float.store16(v.3, place + 18 * next)
              Float.store16(v.4, place + 24 * next)
              Float.store16(v.5, place + 30 * next)
            }
            place += 16
          }
        }
      }
    }
  }

  /// The products of a strip's tiles, summed over channels: block of outputs, product, tile, output. Meanwhile planes are
  /// fetched.
  @inline(never)
  private func multiply(
    _ scratch: Scratch, _ strip: WinogradStrips.Strip, _ weights: UnsafePointer<Float>, depthProduct: Int,
    _ inputs: PlaneFetch?, _ outputs: PlaneFetch?
  ) {
    let (parts, tiles) = (size.outputs / 16, strip.count)
    var (inputs, outputs) = (inputs, outputs)
    for planeProduct in 0..<WinogradTransform.planeProducts {
      inputs?.advance()
      outputs?.advance()
      let product = depthProduct * WinogradTransform.planeProducts + planeProduct
      for part in 0..<parts {
        ChannelProducts.sum(
          scratch.inputs + planeProduct * inputDistance, pixels: tiles, block: strips.places * 16,
          blocks: size.blocks, weights + (product * parts + part) * size.inputs * 16,
          to: scratch.sums + (part * WinogradTransform.products + product) * sumDistance)
      }
    }
  }

  /// Aᵀ along all three axes to the voxels of the tiles, with bias and activation.
  private func finish<E: ImageScalar, F: Pointwise>(
    _ sums: UnsafePointer<Float>, _ strip: WinogradStrips.Strip, block: Int,
    _ epilogue: ConvolutionEpilogue<E, F>
  ) {
    let e = size.extents
    let (next, deep) = (sumDistance, WinogradTransform.planeProducts * sumDistance)
    withUnsafeTemporaryAllocation(of: SIMD16<Float>.self, capacity: 100) { lines in
      var source = sums
      for row in strip.rows {
        for column in strip.columns {
          for x in 0..<6 {
            @inline(__always)
            func alongDepth(
              _ y: Int
            ) -> (SIMD16<Float>, SIMD16<Float>, SIMD16<Float>, SIMD16<Float>) {
              let m = source + (6 * y + x) * next
              return WinogradTransform.output(
                Float.load16(m), Float.load16(m + deep), Float.load16(m + 2 * deep),
                Float.load16(m + 3 * deep), Float.load16(m + 4 * deep), Float.load16(m + 5 * deep))
            }
            let (a, b, c) = (alongDepth(0), alongDepth(1), alongDepth(2))
            let (d, f, g) = (alongDepth(3), alongDepth(4), alongDepth(5))
            @inline(__always)
            func keep(_ z: Int, _ v: (SIMD16<Float>, SIMD16<Float>, SIMD16<Float>, SIMD16<Float>)) {
              lines[24 * z + x] = v.0
              lines[24 * z + 6 + x] = v.1
              lines[24 * z + 12 + x] = v.2
              lines[24 * z + 18 + x] = v.3
            }
            keep(0, WinogradTransform.output(a.0, b.0, c.0, d.0, f.0, g.0))
            keep(1, WinogradTransform.output(a.1, b.1, c.1, d.1, f.1, g.1))
            keep(2, WinogradTransform.output(a.2, b.2, c.2, d.2, f.2, g.2))
            keep(3, WinogradTransform.output(a.3, b.3, c.3, d.3, f.3, g.3))
          }
          let (d0, h0, w0) = (strip.depth * 4, row * 4, column * 4)
          for z in 0..<min(4, e[0] - d0) {
            for y in 0..<min(4, e[1] - h0) {
              let m = 24 * z + 6 * y
              let v = WinogradTransform.output(
                lines[m], lines[m + 1], lines[m + 2], lines[m + 3], lines[m + 4], lines[m + 5])
              let plane = (strip.sample * e[0] + d0 + z) * e[1]
              let line = epilogue.y[(plane + h0 + y) * e[2] + w0]
              let stride = epilogue.y.stride
              let a = epilogue.store(v.0, line, channel: 16 * block)
              var (b, c, d) = (a, a, a)
              if w0 + 1 < e[2] { b = epilogue.store(v.1, line + stride, channel: 16 * block) }
              if w0 + 2 < e[2] { c = epilogue.store(v.2, line + 2 * stride, channel: 16 * block) }
              if w0 + 3 < e[2] { d = epilogue.store(v.3, line + 3 * stride, channel: 16 * block) }
              guard let pooled = epilogue.pooled else { continue }
              // Windows of 2³ lie within tiles.
              let window = 96 + y / 2 * 2
              let isFirst = z % 2 + y % 2 == 0
              let none = SIMD16<Float>(repeating: -.infinity)
              lines[window] = (isFirst ? none : lines[window]).larger(a).larger(b)
              lines[window + 1] = (isFirst ? none : lines[window + 1]).larger(c).larger(d)
              if z % 2 + y % 2 == 2 {
                let half =
                  ((strip.sample * e[0] + d0 + z) / 2 * (e[1] / 2) + (h0 + y) / 2) * (e[2] / 2) + w0 / 2
                E.store16(lines[window], pooled[half] + 16 * block)
                if w0 + 2 < e[2] { E.store16(lines[window + 1], pooled[half + 1] + 16 * block) }
              }
            }
          }
          source += 16
        }
      }
    }
  }
}

extension SIMD16<Float> {
  /// The larger of each pair; never NaN, as in ``PoolingKernels``.
  @inline(__always)
  fileprivate func larger(_ other: Self) -> Self { replacing(with: other, where: other .> self) }
}
