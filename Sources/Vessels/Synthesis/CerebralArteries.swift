/// The large arteries of the head, roughly where they run in everybody.
///
/// Coordinates are fractions of the brain's semi-axes from its centre: x to the right, y to the front, z up; each artery but the
/// basilar has a mirror image on the left. Radii in mm are those of adults.
struct CerebralArtery {
  let points: [SIMD3<Float>]
  let startRadius, endRadius: Float
  /// How many side branches leave it, and their radius as a fraction of its own.
  let branches: ClosedRange<Int>
  let branchRatio: ClosedRange<Float>
  let isPaired: Bool

  static let all: [CerebralArtery] = [
    internalCarotid, middleCerebral, anteriorCerebral, vertebral, basilar, posteriorCerebral,
    superiorCerebellar,
  ]

  static let internalCarotid = CerebralArtery(
    points: [
      [0.40, -0.02, -1.25], [0.38, 0.02, -0.95], [0.34, -0.02, -0.80], [0.24, 0.06, -0.72],
      [0.20, 0.20, -0.68], [0.19, 0.26, -0.58], [0.18, 0.18, -0.50], [0.17, 0.17, -0.42],
    ], startRadius: 2.3, endRadius: 1.8, branches: 0...1, branchRatio: 0.2...0.35, isPaired: true)

  static let middleCerebral = CerebralArtery(
    points: [
      [0.17, 0.17, -0.42], [0.30, 0.19, -0.38], [0.45, 0.18, -0.36], [0.56, 0.14, -0.28],
      [0.62, 0.06, -0.14], [0.66, -0.06, -0.02], [0.74, -0.20, 0.06],
    ], startRadius: 1.4, endRadius: 0.7, branches: 9...13, branchRatio: 0.45...0.9, isPaired: true)

  static let anteriorCerebral = CerebralArtery(
    points: [
      [0.17, 0.17, -0.42], [0.08, 0.26, -0.42], [0.03, 0.34, -0.36], [0.03, 0.50, -0.16],
      [0.03, 0.52, 0.06], [0.03, 0.36, 0.26], [0.03, 0.06, 0.38], [0.03, -0.30, 0.42],
    ], startRadius: 1.1, endRadius: 0.5, branches: 7...10, branchRatio: 0.45...0.9, isPaired: true)

  static let vertebral = CerebralArtery(
    points: [[0.22, -0.34, -1.30], [0.16, -0.30, -1.05], [0.08, -0.16, -0.88], [0.0, -0.08, -0.76]],
    startRadius: 1.6, endRadius: 1.3, branches: 0...2, branchRatio: 0.25...0.5, isPaired: true)

  static let basilar = CerebralArtery(
    points: [[0.0, -0.08, -0.76], [0.01, -0.05, -0.64], [0.0, -0.05, -0.52], [0.0, -0.06, -0.44]],
    startRadius: 1.6, endRadius: 1.4, branches: 2...4, branchRatio: 0.25...0.45, isPaired: false)

  static let posteriorCerebral = CerebralArtery(
    points: [
      [0.0, -0.06, -0.44], [0.12, -0.08, -0.40], [0.22, -0.22, -0.38], [0.22, -0.44, -0.32],
      [0.16, -0.64, -0.22], [0.10, -0.82, -0.10],
    ], startRadius: 1.1, endRadius: 0.5, branches: 5...8, branchRatio: 0.45...0.9, isPaired: true)

  static let superiorCerebellar = CerebralArtery(
    points: [[0.0, -0.06, -0.48], [0.14, -0.14, -0.48], [0.28, -0.34, -0.44], [0.30, -0.58, -0.46]],
    startRadius: 0.7, endRadius: 0.4, branches: 2...5, branchRatio: 0.4...0.8, isPaired: true)
}
