import COneDNN

/// Nearest ×2 up-sampling and the 3³ convolution behind it, as one sum over the coarse image in f32, whatever images are
/// stored as.
///
/// Along an axis, the outputs at 2i and 2i + 1 see two of three coarse values u: with taps w₀, w₁, w₂ and S their sum,
/// y₂ᵢ = S uᵢ + w₀ (uᵢ₋₁ − uᵢ) and y₂ᵢ₊₁ = S uᵢ + w₂ (uᵢ₊₁ − uᵢ). Three multiplications serve two outputs instead of four
/// (of six on the fine image): in three axes 27 for eight outputs instead of 64 (of 216). Nothing but differences and
/// sums is added, so rounding is that of any order of summation.
final class UpsampledConvolution: OwnConvolution {
  /// Products of a coarse voxel.
  static let products = 27

  /// Extents are those of the coarse image.
  let size: ConvolutionSize
  let role = "forward"
  let name = "upsampled:f32"
  var time = Duration.zero
  var packTime = Duration.zero
  let weightsBuffer: Int
  /// Voxels taken at once, a multiple of 16.
  let strip: Int
  /// Scalars from one product's differences, and from its sums, to the next's; a line of the cache more than needed, so
  /// that they do not share one of its sets.
  let inputDistance: Int
  let sumDistance: Int
  private let scratchBuffer: Int
  private unowned let arena: Arena
  let team: Team

  init(_ size: ConvolutionSize, arena: Arena, team: Team) {
    self.size = size
    self.arena = arena
    self.team = team
    // A third of a core's second cache at most.
    let voxel = 4 * UpsampledConvolution.products * (size.inputs + 16)
    strip = max(16, min(64, (3 << 18) / voxel / 16 * 16))
    inputDistance = (size.blocks * strip + 1) * 16
    sumDistance = (strip + 1) * 16
    weightsBuffer = arena.request(bytes: 4 * UpsampledConvolution.products * size.inputs * size.outputs)
    scratchBuffer = arena.request(
      bytes: 4 * team.threads * UpsampledConvolution.products * (inputDistance + sumDistance))
  }

  /// Coarse voxels of all samples.
  var voxelCount: Int { size.batch * size.extents[0] * size.extents[1] * size.extents[2] }
  var buffers: Set<Int> { [weightsBuffer, scratchBuffer] }
  var weights: UnsafeMutablePointer<Float> { arena.floats(weightsBuffer) }

  /// A thread's differences and sums.
  func scratch(_ member: Int) -> (inputs: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>) {
    let count = UpsampledConvolution.products
    let first = arena.floats(scratchBuffer) + member * count * (inputDistance + sumDistance)
    return (first, first + count * inputDistance)
  }

  /// Weights of the products: block of 16 outputs, product, input channel, output.
  func prepare(from parameters: UnsafePointer<Float>) {
    packTime.count {
      let (inputs, target) = (size.inputs, weights)
      team.forEachSlab(of: size.outputs / 16) { _, slab in
        withUnsafeTemporaryAllocation(of: SIMD16<Float>.self, capacity: 27) { taps in
          for block in slab {
            for channel in 0..<inputs {
              let source = parameters + (block * 16 * inputs + channel) * 27
              for tap in 0..<27 { taps[tap] = nn_gather16(source + tap, inputs * 27) }
              for step in [1, 3, 9] { UpsampledConvolution.sumTaps(taps, step: step) }
              for product in 0..<27 {
                let place = target + ((block * 27 + product) * inputs + channel) * 16
                Float.store16(taps[product], place)
              }
            }
          }
        }
      }
    }
  }

  /// Along the axis whose taps lie `step` apart: w₀, w₁, w₂ → w₀, S, w₂.
  private static func sumTaps(_ taps: UnsafeMutableBufferPointer<SIMD16<Float>>, step: Int) {
    for first in 0..<27 where first / step % 3 == 0 {
      taps[first + step] += taps[first] + taps[first + 2 * step]
    }
  }
}
