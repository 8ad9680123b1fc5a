import COneDNN

/// A 3D convolution on AMX tiles: in bf16, or of f32 images as sums of products of bf16 terms.
///
/// oneDNN has nothing between bf16 and f32; which of its kernels are slower than these depends on the machine and the
/// channel counts, and `malpighi-benchmarks unet --every-precision --operations` tells. A scalar of 24 bits is the sum of two (to 2⁻¹⁶) or three (to 2⁻²⁴) numbers of bf16; of the products of
/// the terms those above that are added up in f32, as in oneMKL's modes FLOAT_TO_BF16X2 and FLOAT_TO_BF16X3 (Henry, Tang,
/// Heinecke: Leveraging the bfloat16 artificial intelligence datatype for higher-precision computations, 2019).
///
/// Threads take planes and keep the three that a plane of results needs. Where weights are larger than a cache, the image
/// is copied as a whole and threads take output channels.
final class TileConvolution: OwnConvolution {
  let geometry: TileGeometry
  let weights: TileWeights
  /// All buffers touched.
  let buffers: Set<Int>
  let weightsBuffer: Int
  /// What it computes, for the table of times.
  let role: String
  /// Time of `run` and of `prepare` since they were set to zero.
  var time = Duration.zero
  var packTime = Duration.zero
  let layout: TileImages.Layout
  /// The whole image is copied at once.
  let isWhole: Bool
  /// By plane modulo three (`isWhole`: only one) and by parity of the output.
  let steps: [[[nn_tile_step]]]
  /// Bytes of one copy.
  let copyBytes: Int
  private let scratchBuffer: Int
  private unowned let arena: Arena
  let team: Team

  init(_ geometry: TileGeometry, exchanged: Bool, role: String, arena: Arena, team: Team) {
    self.geometry = geometry
    self.role = role
    self.arena = arena
    self.team = team
    let weights = TileWeights(geometry, exchanged: exchanged)
    self.weights = weights
    let row = geometry.rowBytes
    let line = geometry.line * row
    let (depth, height) = (geometry.extents[0], geometry.extents[1])
    let arrays = geometry.terms * geometry.inputParities * geometry.inputBlocks
    let wholePlane = (height + 1) * line
    let wholeArray = ((depth + 2) * wholePlane + line + row + 63) / 64 * 64
    let whole = weights.bytes > 1 << 20 && arrays * wholeArray <= 8 << 20
    let ringPlane = ((height + 2) * line + row + 63) / 64 * 64
    let layout = TileImages.Layout(
      array: whole ? wholeArray : 3 * ringPlane, plane: whole ? wholePlane : ringPlane, line: line, row: row)
    self.layout = layout
    isWhole = whole
    // The last block of a plane may reach beyond it.
    copyBytes = (arrays * layout.array + 80 * 64 + 63) / 64 * 64
    weightsBuffer = arena.request(bytes: weights.bytes)
    scratchBuffer = arena.request(bytes: (whole ? 1 : team.threads) * copyBytes)
    buffers = [weightsBuffer, scratchBuffer]
    steps = (0..<(whole ? 1 : 3)).map { turn in
      TileConvolution.steps(geometry, layout) { whole ? $0 : (turn + $0) % 3 }
    }
  }

  var name: String { geometry.terms == 1 ? "tiles:amx_bf16" : "tiles:amx_bf16x\(geometry.terms)" }
  var scratch: UnsafeMutableRawPointer { arena.address(scratchBuffer) }
  var tiles: UnsafeMutableRawPointer { arena.address(weightsBuffer) }

  /// Take over row-major weights `out × in × 3³`.
  func prepare(from parameters: UnsafePointer<Float>) {
    packTime.count { weights.pack(parameters, to: tiles, team: team) }
  }

  /// The products of one block, by parity of the output; `slot` is where a displacement along z finds its plane.
  private static func steps(
    _ geometry: TileGeometry, _ layout: TileImages.Layout, slot: (Int) -> Int
  ) -> [[nn_tile_step]] {
    var first = 0
    return geometry.columns.map { columns in
      var result: [nn_tile_step] = []
      for (index, column) in columns.enumerated() {
        for block in 0..<geometry.inputBlocks {
          let tile = ((first + index) * geometry.inputBlocks + block) * geometry.terms
          for product in geometry.products {
            let array =
              (product.image * geometry.inputParities + column.parity) * geometry.inputBlocks + block
            let image =
              array * layout.array + slot(column.z) * layout.plane + column.y * layout.line
              + column.x * layout.row
            result.append(
              nn_tile_step(image: Int32(image), weights: Int32((tile + product.weights) * 1024)))
          }
        }
      }
      first += columns.count
      return result
    }
  }
}
