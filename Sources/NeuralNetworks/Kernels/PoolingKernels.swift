import COneDNN

/// Where a window's taps lie: depth, height, width.
struct Window: Equatable {
  var kernel: SIMD3<Int>
  var stride: SIMD3<Int>
  var padding: SIMD3<Int>
  var taps: Int { kernel[0] * kernel[1] * kernel[2] }
  /// No input position lies in two windows.
  var isDisjoint: Bool { (0..<3).allSatisfy { kernel[$0] <= stride[$0] } }
}

enum PoolingKernels {
  /// The output rows `lines` (sample, depth, height flattened): largest value of each window, and which tap it is.
  static func maximum<E: ImageScalar>(
    _ x: ImageView<E>, _ input: SIMD3<Int>, _ window: Window, to y: ImageView<E>, _ output: SIMD3<Int>,
    lines: Range<Int>,
    winners: UnsafeMutablePointer<UInt8>?
  ) {
    forEachOutput(output, lines) { row, sample, d, h, w in
      var channel = 0
      while channel < x.channels {
        let width = min(16, x.channels - channel)
        var best = SIMD16<Float>(repeating: -.infinity)
        var winner = SIMD16<UInt32>.zero
        forEachTap(window, input, d, h, w) { tap, position in
          let value = E.load(x[sample * x.pixels + position] + channel, width)
          let larger = value .> best
          best.replace(with: value, where: larger)
          winner.replace(with: UInt32(truncatingIfNeeded: tap), where: larger)
        }
        E.store(best, y[row] + channel, width)
        if let winners {
          let place = winners + row * x.channels + channel
          if width == 16 {
            UnsafeMutableRawPointer(place).storeBytes(of: nn_narrow(winner), as: SIMD16<UInt8>.self)
          } else {
            for lane in 0..<width { place[lane] = UInt8(truncatingIfNeeded: winner[lane]) }
          }
        }
        channel += 16
      }
    }
  }

  /// The gradient of `maximum` goes to the winners: written with zeros beside (disjoint windows), or added.
  static func maximumGradient<E: ImageScalar>(
    _ dy: ImageView<E>, _ output: SIMD3<Int>, _ window: Window, winners: UnsafePointer<UInt8>,
    to dx: ImageView<E>,
    _ input: SIMD3<Int>, lines: Range<Int>, channels: Range<Int>, adding: Bool
  ) {
    forEachOutput(output, lines) { row, sample, d, h, w in
      var channel = channels.lowerBound
      while channel < channels.upperBound {
        let width = min(16, channels.upperBound - channel)
        let gradient = E.load(dy[row] + channel, width)
        let place = winners + row * dy.channels + channel
        var winner = SIMD16<UInt8>.zero
        if width == 16 {
          winner = UnsafeRawPointer(place).loadUnaligned(as: SIMD16<UInt8>.self)
        } else {
          for lane in 0..<width { winner[lane] = place[lane] }
        }
        forEachTap(window, input, d, h, w) { tap, position in
          let target = dx[sample * dx.pixels + position] + channel
          let share = nn_lanes_where(gradient, winner, UInt8(truncatingIfNeeded: tap))
          E.store(adding ? E.load(target, width) + share : share, target, width)
        }
        channel += 16
      }
    }
  }

  /// Mean of each window over the positions inside the image.
  static func average<E: ImageScalar>(
    _ x: ImageView<E>, _ input: SIMD3<Int>, _ window: Window, to y: ImageView<E>, _ output: SIMD3<Int>,
    lines: Range<Int>
  ) {
    forEachOutput(output, lines) { row, sample, d, h, w in
      var channel = 0
      while channel < x.channels {
        let width = min(16, x.channels - channel)
        var (sum, count) = (SIMD16<Float>.zero, 0)
        forEachTap(window, input, d, h, w) { _, position in
          sum += E.load(x[sample * x.pixels + position] + channel, width)
          count += 1
        }
        E.store(sum / Float(max(1, count)), y[row] + channel, width)
        channel += 16
      }
    }
  }

  /// The gradient of `average`, added to `dx`.
  static func averageGradient<E: ImageScalar>(
    _ dy: ImageView<E>, _ output: SIMD3<Int>, _ window: Window, to dx: ImageView<E>, _ input: SIMD3<Int>,
    lines: Range<Int>,
    channels: Range<Int>
  ) {
    forEachOutput(output, lines) { row, sample, d, h, w in
      var count = 0
      forEachTap(window, input, d, h, w) { _, _ in count += 1 }
      var channel = channels.lowerBound
      while channel < channels.upperBound {
        let width = min(16, channels.upperBound - channel)
        let share = E.load(dy[row] + channel, width) / Float(max(1, count))
        forEachTap(window, input, d, h, w) { _, position in
          let target = dx[sample * dx.pixels + position] + channel
          E.store(E.load(target, width) + share, target, width)
        }
        channel += 16
      }
    }
  }

  @inline(__always)
  static func forEachOutput(
    _ output: SIMD3<Int>, _ lines: Range<Int>,
    _ body: (_ row: Int, _ sample: Int, _ d: Int, _ h: Int, _ w: Int) -> Void
  ) {
    let (depth, height, width) = (output[0], output[1], output[2])
    for line in lines {
      let h = line % height
      let d = line / height % depth
      let sample = line / (height * depth)
      for w in 0..<width { body(line * width + w, sample, d, h, w) }
    }
  }

  @inline(__always)
  static func forEachTap(
    _ window: Window, _ input: SIMD3<Int>, _ d: Int, _ h: Int, _ w: Int,
    _ body: (_ tap: Int, _ position: Int) -> Void
  ) {
    let d0 = d * window.stride[0] - window.padding[0]
    let h0 = h * window.stride[1] - window.padding[1]
    let w0 = w * window.stride[2] - window.padding[2]
    var tap = 0
    for i in 0..<window.kernel[0] {
      for j in 0..<window.kernel[1] {
        for k in 0..<window.kernel[2] {
          let (z, y, x) = (d0 + i, h0 + j, w0 + k)
          if z >= 0 && z < input[0] && y >= 0 && y < input[1] && x >= 0 && x < input[2] {
            body(tap, (z * input[1] + y) * input[2] + x)
          }
          tap += 1
        }
      }
    }
  }
}
