/// Enlargement by a whole factor: nearest neighbour, or linear between voxel centres.
final class UpsamplingOperation: MapOperation {
  let upsampling: Upsampling
  /// Where each output position of an axis reads: two input positions and the weight of the second.
  private let taps: [[UpsamplingKernels.Tap]]

  init(
    _ upsampling: Upsampling, name: String, _ images: MapImages, arena: Arena, team: Team
  ) {
    self.upsampling = upsampling
    taps = (0..<3).map {
      UpsamplingKernels.taps(upsampling.kind, from: images.input.extents[$0], to: images.output.extents[$0])
    }
    super.init(images, name: name, arena: arena, team: team)
  }

  override func forward(_ run: Execution) {
    bfloat16 ? forward(BFloat16.self) : forward(Float.self)
  }

  override func backward(_ run: Execution) {
    bfloat16 ? backward(BFloat16.self) : backward(Float.self)
  }

  private func forward<E: ImageScalar>(_ type: E.Type) {
    let (x, y) = (view(input, as: type), view(output, as: type))
    let lines = output.batch * output.extents[0] * output.extents[1]
    withTaps { d, h, w in
      team.forEachSlab(of: lines, grain: 4) { _, lines in
        UpsamplingKernels.forward(x, input.extents, (d, h, w), to: y, output.extents, lines: lines)
      }
    }
  }

  /// Added channel block by channel block, so that no two threads write the same place.
  private func backward<E: ImageScalar>(_ type: E.Type) {
    guard let outputGradient, let inputGradient else { return }
    let (dy, dx) = (view(outputGradient, as: type), view(inputGradient.image, as: type))
    if !inputGradient.adding {
      team.forEachSlab(of: dx.rows, grain: 256) { _, rows in ElementwiseKernels.clear(dx, rows: rows) }
    }
    let lines = output.batch * output.extents[0] * output.extents[1]
    withTaps { d, h, w in
      team.forEachSlab(of: (dx.channels + 15) / 16) { _, blocks in
        UpsamplingKernels.backward(
          dy, output.extents, (d, h, w), to: dx, input.extents, lines: 0..<lines,
          channels: blocks.lowerBound * 16..<min(dx.channels, blocks.upperBound * 16))
      }
    }
  }

  private func withTaps(
    _ body: (UpsamplingKernels.Taps, UpsamplingKernels.Taps, UpsamplingKernels.Taps) -> Void
  ) {
    taps[0].withUnsafeBufferPointer { d in
      taps[1].withUnsafeBufferPointer { h in
        taps[2].withUnsafeBufferPointer { w in
          guard let d = d.baseAddress, let h = h.baseAddress, let w = w.baseAddress else { return }
          body(d, h, w)
        }
      }
    }
  }
}
