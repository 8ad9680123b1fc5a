/// Encoded as the full matrix, four rows of four numbers, as nibabel's `img.affine.tolist()` prints it.
extension Affine: Codable {
  /// The matrix from four rows of four numbers, the last being 0 0 0 1.
  public init(from decoder: any Decoder) throws {
    let matrix = try [[Double]](from: decoder)
    guard matrix.count == 4, matrix.allSatisfy({ $0.count == 4 }), matrix[3] == [0, 0, 0, 1] else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "an affine is four rows of four numbers, the last row 0 0 0 1"))
    }
    let rows = matrix.map { SIMD4($0[0], $0[1], $0[2], $0[3]) }
    self.init(rows: rows[0], rows[1], rows[2])
  }

  /// Writes four rows of four numbers.
  public func encode(to encoder: any Encoder) throws { try matrix.encode(to: encoder) }

  /// The full 4×4 matrix, row by row.
  public var matrix: [[Double]] { rows.map { [$0.x, $0.y, $0.z, $0.w] } + [[0, 0, 0, 1]] }
}
