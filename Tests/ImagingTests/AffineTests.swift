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
}
