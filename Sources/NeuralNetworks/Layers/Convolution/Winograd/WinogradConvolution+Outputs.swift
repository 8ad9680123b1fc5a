/// Aᵀ m: from products to voxels.
extension WinogradConvolution {
  /// Aᵀ along all three axes to the voxels of the tiles, with bias and activation.
  func finish<E: ImageScalar, F: Pointwise>(
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
