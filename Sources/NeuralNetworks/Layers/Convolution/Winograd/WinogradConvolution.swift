import COneDNN

/// A convolution with a kernel of 3³ (stride 1, padding 1) whose planes are filtered by ``WinogradTransform``: a quarter of
/// the multiplications, in f32 whatever images are stored as.
///
/// A plane is covered by tiles of 4 × 4 outputs. The transformed inputs of three planes are kept, each used for three
/// planes of outputs; of the 36 products of a tile each is a sum over the three planes and all channels. Threads take
/// strips of tiles whose transformed inputs fit a core's cache.
final class WinogradConvolution: OwnConvolution {
  let size: ConvolutionSize
  let role = "forward"
  let name = "winograd:f32"
  var time = Duration.zero
  var packTime = Duration.zero
  let weightsBuffer: Int
  /// Tiles of a strip, a multiple of 16, and strips of a plane.
  let strip: Int
  let strips: Int
  private let scratchBuffer: Int
  private unowned let arena: Arena
  let team: Team

  /// Scalars from one product's transformed inputs, and from its sums, to the next's: a line of the cache more than needed,
  /// as 36 places a power of two apart would share one of its sets.
  let inputDistance: Int
  let sumDistance: Int
  /// Scalars of a plane's transformed inputs, and of what a thread needs.
  var planeCount: Int { WinogradTransform.products * inputDistance }
  var scratchCount: Int { 3 * planeCount + WinogradTransform.products * sumDistance }

  init(_ size: ConvolutionSize, arena: Arena, team: Team) {
    self.size = size
    self.arena = arena
    self.team = team
    // Half of a core's second cache, roughly.
    let tile = 4 * WinogradTransform.products * (48 * size.blocks + 16)
    let most = max(16, (5 << 18) / tile / 16 * 16)
    strips = (size.tiles + most - 1) / most
    strip = ((size.tiles + strips - 1) / strips + 15) / 16 * 16
    weightsBuffer = arena.request(bytes: 4 * size.winogradWeights)
    inputDistance = (size.blocks * strip + 1) * 16
    sumDistance = (strip + 1) * 16
    let count = WinogradTransform.products * (3 * inputDistance + sumDistance)
    scratchBuffer = arena.request(bytes: 4 * team.threads * count)
  }

  var buffers: Set<Int> { [weightsBuffer, scratchBuffer] }

  var weights: UnsafeMutablePointer<Float> { arena.floats(weightsBuffer) }
  var scratch: UnsafeMutablePointer<Float> { arena.floats(scratchBuffer) }

  /// Scalars of the weights of one of the products.
  var weightsOfProduct: Int { 3 * size.inputs * 16 }

  /// Transformed weights: block of 16 outputs, product, plane, input channel, output.
  func prepare(from parameters: UnsafePointer<Float>) {
    packTime.count {
      let inputs = size.inputs
      let target = weights
      team.forEachSlab(of: size.outputs / 16) { _, slab in
        withUnsafeTemporaryAllocation(of: SIMD16<Float>.self, capacity: 18) { lines in
          for part in slab {
            let first = target + part * WinogradTransform.products * weightsOfProduct
            for channel in 0..<inputs {
              for plane in 0..<3 {
                let source = parameters + (part * 16 * inputs + channel) * 27 + plane * 9
                transform(source, distance: inputs * 27, lines)
                let place = first + (plane * inputs + channel) * 16
                for column in 0..<WinogradTransform.side {
                  let v = WinogradTransform.kernel(lines[column], lines[6 + column], lines[12 + column])
                  for (row, value) in [v.0, v.1, v.2, v.3, v.4, v.5].enumerated() {
                    Float.store16(value, place + (row * 6 + column) * weightsOfProduct)
                  }
                }
              }
            }
          }
        }
      }
    }
  }

  /// The three lines of a plane's kernel, each transformed along its line, for 16 outputs.
  private func transform(
    _ source: UnsafePointer<Float>, distance: Int, _ lines: UnsafeMutableBufferPointer<SIMD16<Float>>
  ) {
    for line in 0..<3 {
      let taps = source + 3 * line
      let v = WinogradTransform.kernel(
        nn_gather16(taps, distance), nn_gather16(taps + 1, distance), nn_gather16(taps + 2, distance))
      for (column, value) in [v.0, v.1, v.2, v.3, v.4, v.5].enumerated() { lines[6 * line + column] = value }
    }
  }
}

extension ConvolutionSize {
  /// Tiles of 4 × 4 outputs along a line, and of a plane.
  var tilesWide: Int { (extents[2] + 3) / 4 }
  var tiles: Int { (extents[1] + 3) / 4 * tilesWide }
  /// Scalars of the transformed weights of ``WinogradConvolution``.
  var winogradWeights: Int { WinogradTransform.products * 3 * inputs * outputs }
}
