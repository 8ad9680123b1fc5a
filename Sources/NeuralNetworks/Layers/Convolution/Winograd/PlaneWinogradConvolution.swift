import COneDNN

/// A convolution of images of two axes with a kernel of 3² (stride 1, padding 1) filtered by ``WinogradTransform`` along both: a
/// quarter of the multiplications.
///
/// The images are covered by tiles of 4² outputs, each from 6² inputs. Tiles of all samples are counted through, so that many small
/// images fill a strip as well as a large one. A strip's inputs are transformed, then multiplied by the weights of sixteen outputs at a
/// time. Channels come in blocks of 16; what the last one lacks is zero.
final class PlaneWinogradConvolution: OwnConvolution {
  let size: ConvolutionSize
  let role = "forward"
  let name = "plane winograd:f32"
  var time = Duration.zero
  var packTime = Duration.zero
  let weightsBuffer: Int
  /// Blocks of 16 input channels, and of 16 outputs.
  let blocks: Int
  let parts: Int
  /// Tiles of an image along height and width, and of all images.
  let down: Int
  let across: Int
  let tileCount: Int
  /// Tiles taken at once, a multiple of four.
  let strip: Int
  /// Scalars from one product's inputs, and from its sums, to the next's; a line of the cache more than needed, so that they do
  /// not share one of its sets.
  let inputDistance: Int
  let sumDistance: Int
  private let scratchBuffer: Int
  private unowned let arena: Arena
  let team: Team

  init(_ size: ConvolutionSize, arena: Arena, team: Team) {
    self.size = size
    self.arena = arena
    self.team = team
    (blocks, parts) = ((size.inputs + 15) / 16, (size.outputs + 15) / 16)
    let side = WinogradTransform.outputs
    (down, across) = ((size.extents[1] + side - 1) / side, (size.extents[2] + side - 1) / side)
    tileCount = size.batch * down * across
    // The inputs of a strip take a quarter of a megabyte at most.
    let tile = 64 * WinogradTransform.planeProducts * blocks
    strip = max(8, min(32, (1 << 18) / tile / 4 * 4))
    inputDistance = (blocks * strip + 1) * 16
    sumDistance = (strip + 1) * 16
    weightsBuffer = arena.request(bytes: 4 * WinogradTransform.planeProducts * blocks * parts * 256)
    scratchBuffer = arena.request(
      bytes: 4 * team.threads * WinogradTransform.planeProducts * (inputDistance + sumDistance))
  }

  var buffers: Set<Int> { [weightsBuffer, scratchBuffer] }
  var weights: UnsafeMutablePointer<Float> { arena.floats(weightsBuffer) }

  /// A thread's transformed inputs (product, block of channels, tile, channel) and sums (product, tile, output).
  func scratch(_ member: Int) -> (inputs: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>) {
    let count = WinogradTransform.planeProducts
    let first = arena.floats(scratchBuffer) + member * count * (inputDistance + sumDistance)
    return (first, first + count * inputDistance)
  }

  /// Transformed weights: part of 16 outputs, product, input channel, output.
  func prepare(from parameters: UnsafePointer<Float>) {
    packTime.count {
      let (inputs, outputs, target) = (size.inputs, size.outputs, weights)
      let channels = blocks * 16
      team.forEachSlab(of: parts * channels) { _, slab in
        withUnsafeTemporaryAllocation(of: SIMD16<Float>.self, capacity: WinogradTransform.planeProducts) {
          taps in
          for unit in slab {
            let (part, channel) = (unit / channels, unit % channels)
            for tap in 0..<9 {
              var values = SIMD16<Float>.zero
              for lane in 0..<16 where part * 16 + lane < outputs && channel < inputs {
                values[lane] = parameters[((part * 16 + lane) * inputs + channel) * 9 + tap]
              }
              taps[tap] = values
            }
            // Along width, then height; from the last line to the first, as each grows in place.
            for line in (0..<3).reversed() {
              WinogradTransform.growKernel(taps, from: 3 * line, to: 6 * line, step: 1)
            }
            WinogradTransform.growKernel(taps, from: 0, to: 0, step: 6)
            for product in 0..<WinogradTransform.planeProducts {
              let place = (part * WinogradTransform.planeProducts + product) * channels + channel
              Float.store16(taps[product], target + place * 16)
            }
          }
        }
      }
    }
  }
}
