import Foundation
import Imaging
import Testing

@Suite("Affines")
struct AffineTests {
  static let oblique = Affine(rows: [0.9, -0.2, 0.1, -30], [0.15, 1.8, -0.3, 12], [-0.05, 0.4, 2.7, 7])

  @Test("The inverse undoes the map")
  func inverse() throws {
    let inverse = try #require(Self.oblique.inverse)
    let index = SIMD3<Double>(3.5, -2, 11)
    let back = inverse(Self.oblique(index))
    #expect((back - index).max() < 1e-12 && (index - back).max() < 1e-12)
    #expect(Affine(rows: .zero, .zero, .zero).inverse == nil)
  }

  @Test("A product applies the right factor first")
  func product() {
    let shift = Affine(spacing: [2, 2, 2], origin: [1, 0, 0])
    let index = SIMD3<Double>(1, 2, 3)
    let difference = (Self.oblique * shift)(index) - Self.oblique(shift(index))
    #expect(abs(difference.x) + abs(difference.y) + abs(difference.z) < 1e-12)
  }

  @Test("Axis codes name the closest anatomical direction")
  func axisCodes() {
    #expect(AxisCodes(.identity).description == "RAS")
    #expect(AxisCodes(Affine(rows: [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 1, 0])).description == "LPS")
    #expect(AxisCodes(Affine(rows: [0, 0, -2, 0], [1, 0, 0, 0], [0, -3, 0.1, 0])).description == "AIL")
  }

  /// Random matrices with strong shear, and what nibabel's `aff2axcodes` says of them.
  static let sheared: [([[Double]], String)] = [
    ([[3, -4, -3], [-2, -3, 3], [3, 1, -4]], "PLI"),
    ([[-4, -2, -1], [1, 0, -2], [-3, 2, 2]], "LSP"),
    ([[-4, -3, 0], [-1, 3, 0], [-1, -1, 1]], "LAS"),
    ([[1, -3, 2], [2, 4, 3], [-2, -2, 1]], "ILA"),
    ([[1, 2, 3], [-2, 4, -4], [-4, 4, 4]], "IAR"),
    ([[-2, -3, -2], [-4, 4, 1], [1, -2, 0]], "PIL"),
    ([[-3, 2, 0], [-4, -2, 2], [0, -1, -2]], "LPI"),
    ([[-2, -2, 0], [2, -2, 2], [1, -3, -1]], "LIA"),
    ([[3, 3, 1], [-4, 2, -2], [3, 4, -1]], "PRI"),
    ([[4, 2, -2], [3, -1, -4], [1, 3, 1]], "RSP"),
    ([[-1, 4, 0], [-1, -3, -3], [2, 3, -2]], "SRP"),
    ([[1, 3, -3], [-2, 0, 1], [-1, -1, -3]], "PRI"),
    ([[1, 4, -3], [3, -3, -4], [2, -3, 2]], "SRP"),
    ([[-2, 1, 4], [4, 0, -3], [-2, 3, 1]], "ASR"),
    ([[-3, 3, 4], [4, 1, 4], [1, 0, 4]], "ARS"),
    ([[1, 3, -1], [3, 4, -4], [0, -1, -4]], "ARI"),
  ]

  @Test("Axis codes of sheared grids are nibabel's", arguments: 0..<sheared.count)
  func shearedCodes(index: Int) {
    let (m, codes) = Self.sheared[index]
    let affine = Affine(
      rows: [m[0][0], m[0][1], m[0][2], 5], [m[1][0], m[1][1], m[1][2], 6], [m[2][0], m[2][1], m[2][2], 7])
    #expect(AxisCodes(affine).description == codes)
  }

  @Test("The nearest rotation is orthonormal, keeps handedness, and is the matrix itself where that is one")
  func nearestRotation() throws {
    for (m, _) in Self.sheared {
      let affine = Affine(
        rows: [m[0][0], m[0][1], m[0][2], 0], [m[1][0], m[1][1], m[1][2], 0], [m[2][0], m[2][1], m[2][2], 0])
      let rotation = try #require(affine.nearestRotation)
      #expect(rotation.shear < 1e-12 && abs((rotation.spacing - .one).max()) < 1e-12)
      #expect(abs(rotation.determinant - (affine.determinant > 0 ? 1 : -1)) < 1e-12)
      let again = try #require(rotation.nearestRotation)
      #expect(again.largestDisplacement(from: rotation, over: VoxelShape(2, 2, 2)) < 1e-12)
    }
    #expect(Affine(rows: .zero, .zero, .zero).nearestRotation == nil)
    #expect(Affine(rows: [1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0]).nearestRotation == nil)
  }

  @Test("An affine is encoded as four rows of four and comes back")
  func codable() throws {
    let data = try JSONEncoder().encode(Self.oblique)
    let rows = try JSONDecoder().decode([[Double]].self, from: data)
    #expect(rows.count == 4 && rows[1] == [0.15, 1.8, -0.3, 12] && rows[3] == [0, 0, 0, 1])
    #expect(try JSONDecoder().decode(Affine.self, from: data) == Self.oblique)
    for text in [
      "[[1,0,0,0],[0,1,0,0],[0,0,1,0]]", "[[1,0],[0,1]]", "[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,2]]",
    ] {
      #expect(throws: DecodingError.self) { try JSONDecoder().decode(Affine.self, from: Data(text.utf8)) }
    }
  }
}
