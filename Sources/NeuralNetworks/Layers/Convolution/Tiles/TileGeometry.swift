import COneDNN

/// A 3D convolution as products of tiles: which voxels meet which taps.
///
/// The image lies between borders of zeros, so that all voxels of a plane form one long line in which every tap is a fixed
/// distance. Positions are those of the coarser of the two images; where one has twice the extents of the other, its
/// voxels are taken apart by the parities of their coordinates, and the 4³ kernel becomes eight 2³ kernels.
struct TileGeometry {
  enum Kind {
    /// 3³, stride 1, padding 1.
    case same
    /// Transposed 4³, stride 2, padding 1: to twice the extents.
    case expanding
    /// 4³, stride 2, padding 1: to half the extents.
    case contracting
  }

  /// Taps that share the rows of one tile: 32 channels of one tap, or 16 channels of a tap and of its right neighbour.
  struct Column {
    /// Parity of the input voxels: 4 z + 2 y + x.
    var parity: Int
    /// Displacement by 0, 1 or 2 between borders.
    var z: Int
    var y: Int
    var x: Int
    /// Indices in the row-major kernel.
    var taps: [Int]
  }

  let kind: Kind
  let inputs: Int
  let outputs: Int
  let batch: Int
  /// Of the coarser image.
  let extents: SIMD3<Int>
  /// Numbers in bf16 whose sum stands for a scalar of the image.
  let terms: Int
  /// By parity of the output voxels.
  let columns: [[Column]]

  init(kind: Kind, inputs: Int, outputs: Int, batch: Int, extents: SIMD3<Int>, terms: Int) {
    self.kind = kind
    self.inputs = inputs
    self.outputs = outputs
    self.batch = batch
    self.extents = extents
    self.terms = terms
    columns = (0..<(kind == .expanding ? 8 : 1)).map {
      TileGeometry.columns(kind, parity: $0, pairing: inputs == 16)
    }
  }

  /// Whether channels fill tiles.
  static func takes(inputs: Int, outputs: Int) -> Bool {
    func fits(_ channels: Int) -> Bool { channels == 16 || channels % 32 == 0 }
    return fits(inputs) && fits(outputs) && nn_has_tiles()
  }

  var taps: Int { kind == .same ? 27 : 64 }
  var inputParities: Int { kind == .contracting ? 8 : 1 }
  var outputParities: Int { columns.count }
  /// Blocks of 32 (or all 16) input channels, and of 16 output channels.
  var inputBlocks: Int { (inputs + 31) / 32 }
  var outputBlocks: Int { outputs / 16 }
  /// Bytes of one voxel of a block.
  var rowBytes: Int { inputs == 16 ? 32 : 64 }
  /// Voxels of a line between borders: one border serves two lines.
  var line: Int { extents[2] + 1 }
  /// Tiles of weights of 16 output channels.
  var tilesPerBlock: Int { columns.reduce(0) { $0 + $1.count } * inputBlocks * terms }

  /// The products that are kept: of two terms, what is left out is 2⁻¹⁶ of the value, of three 2⁻²⁴.
  var products: [(image: Int, weights: Int)] {
    switch terms {
    case 1: [(0, 0)]
    case 2: [(0, 0), (0, 1), (1, 0)]
    default: [(0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (2, 0)]
    }
  }

  /// Taps of one axis: parity of the input, displacement, index in the kernel.
  private static func axis(_ kind: Kind, parity: Int) -> [(parity: Int, shift: Int, tap: Int)] {
    switch kind {
    case .same: (0..<3).map { (0, $0, $0) }
    case .expanding: parity == 0 ? [(0, 0, 3), (0, 1, 1)] : [(0, 1, 2), (0, 2, 0)]
    case .contracting: [(0, 1, 1), (0, 2, 3), (1, 0, 0), (1, 1, 2)]
    }
  }

  private static func columns(_ kind: Kind, parity: Int, pairing: Bool) -> [Column] {
    let side = kind == .same ? 3 : 4
    var result: [Column] = []
    for z in axis(kind, parity: parity >> 2) {
      for y in axis(kind, parity: parity >> 1 & 1) {
        for x in axis(kind, parity: parity & 1) {
          let tap = (z.tap * side + y.tap) * side + x.tap
          let column = Column(
            parity: 4 * z.parity + 2 * y.parity + x.parity, z: z.shift, y: y.shift, x: x.shift, taps: [tap])
          if pairing, let last = result.last, last.taps.count == 1, last.parity == column.parity,
            last.z == column.z, last.y == column.y, last.x + 1 == column.x
          {
            result[result.count - 1].taps.append(tap)
          } else {
            result.append(column)
          }
        }
      }
    }
    return result
  }
}
