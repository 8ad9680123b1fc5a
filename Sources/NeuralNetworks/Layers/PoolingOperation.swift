/// Largest or mean value of windows.
final class PoolingOperation: MapOperation {
  let kind: Pooling.Kind
  let window: Window
  /// The producer of the input pools on the way.
  var isFused = false
  private var winnersBuffer: Int?

  init(
    _ kind: Pooling.Kind, _ window: Window, name: String, _ images: MapImages, arena: Arena, team: Team
  ) {
    self.kind = kind
    self.window = window
    super.init(images, name: name, arena: arena, team: team)
    if propagates && kind == .maximum {
      let winners = arena.request(bytes: output.rows * output.channels)
      winnersBuffer = winners
      use(winners)
    }
  }

  override func forward(_ run: Execution) {
    if isFused { return }
    bfloat16 ? forward(BFloat16.self) : forward(Float.self)
  }

  override func backward(_ run: Execution) {
    bfloat16 ? backward(BFloat16.self) : backward(Float.self)
  }

  private var lines: Int { output.batch * output.extents[0] * output.extents[1] }

  private var winners: UnsafeMutablePointer<UInt8>? {
    winnersBuffer.map { UnsafeMutableRawPointer(floats($0)).assumingMemoryBound(to: UInt8.self) }
  }

  private func forward<E: ImageScalar>(_ type: E.Type) {
    let (x, y) = (view(input, as: type), view(output, as: type))
    team.forEachSlab(of: lines, grain: 4) { _, lines in
      switch kind {
      case .maximum:
        PoolingKernels.maximum(
          x, input.extents, window, to: y, output.extents, lines: lines, winners: winners)
      case .average: PoolingKernels.average(x, input.extents, window, to: y, output.extents, lines: lines)
      }
    }
  }

  /// Windows that share no position are written line by line; others are added, each channel block by one thread.
  private func backward<E: ImageScalar>(_ type: E.Type) {
    guard let outputGradient, let inputGradient else { return }
    let (dy, dx) = (view(outputGradient, as: type), view(inputGradient.image, as: type))
    let writes = kind == .maximum && window.isDisjoint && !inputGradient.adding
    if !inputGradient.adding && !(writes && window.covers(input.extents, output.extents)) {
      team.forEachSlab(of: dx.rows, grain: 256) { _, rows in ElementwiseKernels.clear(dx, rows: rows) }
    }
    let add = { (lines: Range<Int>, channels: Range<Int>) in
      if let winners = self.winners {
        PoolingKernels.maximumGradient(
          dy, self.output.extents, self.window, winners: winners, to: dx, self.input.extents, lines: lines,
          channels: channels, adding: !writes)
      } else {
        PoolingKernels.averageGradient(
          dy, self.output.extents, self.window, to: dx, self.input.extents, lines: lines, channels: channels)
      }
    }
    if window.isDisjoint {
      team.forEachSlab(of: lines, grain: 4) { _, lines in add(lines, 0..<dy.channels) }
    } else {
      let blocks = (dy.channels + 15) / 16
      team.forEachSlab(of: blocks) { _, slab in
        add(0..<lines, slab.lowerBound * 16..<min(dy.channels, slab.upperBound * 16))
      }
    }
  }
}

extension Window {
  /// Every input position lies in a window.
  func covers(_ input: SIMD3<Int>, _ output: SIMD3<Int>) -> Bool {
    for axis in 0..<3 {
      let reached = (output[axis] - 1) * stride[axis] + kernel[axis] - padding[axis]
      if kernel[axis] < stride[axis] || reached < input[axis] { return false }
    }
    return true
  }
}
