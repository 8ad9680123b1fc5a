import COneDNN

/// A convolution with a kernel of 3³ (stride 1, padding 1) filtered by ``WinogradTransform`` along all three axes: an eighth of
/// the multiplications, in f32 whatever images are stored as.
///
/// The image is covered by tiles of 4³ outputs, each from 6³ inputs. A strip of tiles is taken at once: for each of the six
/// products along depth its inputs are combined, transformed in their plane, and multiplied by the weights of all channels;
/// what that needs stays in a core's second cache. Meanwhile the inputs of the next strip are fetched.
final class WinogradConvolution: OwnConvolution {
  let size: ConvolutionSize
  let role: String
  let name = "winograd:f32"
  var time = Duration.zero
  var packTime = Duration.zero
  let weightsBuffer: Int
  let strips: WinogradStrips
  /// Input and output channels of the kernel are exchanged and its taps are in reverse, as a data gradient wants them.
  private let mirrored: Bool
  private let scratchBuffer: Int
  private unowned let arena: Arena
  let team: Team

  /// Scalars from one product's transformed inputs, and from its sums, to the next's: a line of the cache more than needed,
  /// as places a power of two apart would share one of its sets.
  let inputDistance: Int
  let sumDistance: Int
  /// Scalars of the combined inputs for one product along depth.
  let combinedCount: Int
  private let scratchCount: Int

  init(_ size: ConvolutionSize, mirrored: Bool = false, role: String = "forward", arena: Arena, team: Team) {
    self.size = size
    self.mirrored = mirrored
    self.role = role
    self.arena = arena
    self.team = team
    strips = WinogradStrips(extents: size.extents)
    inputDistance = (size.blocks * strips.places + 1) * 16
    sumDistance = (strips.places + 1) * 16
    combinedCount = size.blocks * strips.inputRows * strips.inputColumns * 16
    scratchCount =
      2 * combinedCount + WinogradTransform.planeProducts * inputDistance
      + size.outputs / 16 * WinogradTransform.products * sumDistance
    weightsBuffer = arena.request(bytes: 4 * size.winogradWeights)
    scratchBuffer = arena.request(bytes: 4 * team.threads * scratchCount)
  }

  var buffers: Set<Int> { [weightsBuffer, scratchBuffer] }
  var weights: UnsafeMutablePointer<Float> { arena.floats(weightsBuffer) }

  /// What a thread works in.
  struct Scratch {
    /// The inputs of a strip, combined along depth for two products: product, block of channels, row, column, channel.
    var combined: UnsafeMutablePointer<Float>
    /// Transformed in their plane for one of them: product of the plane, block of channels, tile, channel.
    var inputs: UnsafeMutablePointer<Float>
    /// Block of outputs, product, tile, output.
    var sums: UnsafeMutablePointer<Float>
  }

  func scratch(_ member: Int) -> Scratch {
    let first = arena.floats(scratchBuffer) + member * scratchCount
    let inputs = first + 2 * combinedCount
    return Scratch(
      combined: first, inputs: inputs, sums: inputs + WinogradTransform.planeProducts * inputDistance)
  }

  /// Transformed weights: product, block of 16 outputs, input channel, output.
  func prepare(from parameters: UnsafePointer<Float>) {
    packTime.count {
      let (inputs, outputs, target) = (size.inputs, size.outputs, weights)
      let distance = mirrored ? 27 : 27 * inputs
      let step = mirrored ? 27 * outputs : 27
      team.forEachSlab(of: outputs / 16 * inputs) { _, slab in
        withUnsafeTemporaryAllocation(of: SIMD16<Float>.self, capacity: WinogradTransform.products) { taps in
          for unit in slab {
            let (part, channel) = (unit / inputs, unit % inputs)
            let source = parameters + part * 16 * distance + channel * step
            for tap in 0..<27 { taps[tap] = nn_gather16(source + (mirrored ? 26 - tap : tap), distance) }
            // Along width, height and depth; from the last line to the first, as each grows in place.
            for (lines, length) in [(9, 1), (3, 6), (1, 36)] {
              for line in (0..<lines).reversed() {
                WinogradTransform.growKernel(
                  taps, from: 3 * length * line, to: 6 * length * line, step: length)
              }
            }
            for product in 0..<WinogradTransform.products {
              Float.store16(taps[product], target + ((product * outputs / 16 + part) * inputs + channel) * 16)
            }
          }
        }
      }
    }
  }
}

extension ConvolutionSize {
  /// Tiles of 4 × 4 outputs of a plane.
  var planeTiles: Int { ((extents[1] + 3) / 4) * ((extents[2] + 3) / 4) }
  /// Scalars of the transformed weights of ``WinogradConvolution``.
  var winogradWeights: Int { WinogradTransform.products * inputs * outputs }
}
