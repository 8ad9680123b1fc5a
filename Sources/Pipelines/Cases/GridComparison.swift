import Foundation
import Imaging

/// Whether two images lie on the same grid, and if not, what differs and by how much.
public struct GridComparison: Sendable, Equatable {
  /// How far apart the corners of two grids may lie, as a fraction of the smallest voxel edge: affines are stored with
  /// 24 bits, and a rotation written as a quaternion comes back changed in the fifth digit.
  public static let tolerance = 0.02

  /// One phrase for each thing that differs; empty where the grids agree.
  public let differences: [String]

  /// Whether the grids agree.
  public var agrees: Bool { differences.isEmpty }

  /// Compare `other` with `reference`.
  public init(_ other: VoxelGrid, with reference: VoxelGrid) {
    guard other.shape == reference.shape else {
      differences = ["size \(other.shape) against \(reference.shape)"]
      return
    }
    let (a, b) = (other.affine, reference.affine)
    let edge = (0..<3).map { min(a.spacing[$0], b.spacing[$0]) }.min() ?? 0
    let displacement = a.largestDisplacement(from: b, over: other.shape)
    guard !(displacement <= Self.tolerance * edge) else {
      differences = []
      return
    }
    var found: [String] = []
    let spacings = (0..<3).map { abs(a.spacing[$0] - b.spacing[$0]) }.max() ?? 0
    if spacings > 1e-4 * edge {
      found.append("spacing \(text(a.spacing)) against \(text(b.spacing)) mm")
    }
    let shift = a.origin - b.origin
    let distance = (shift * shift).sum().squareRoot()
    if distance > Self.tolerance * edge {
      found.append(
        "origin \(text(a.origin)) against \(text(b.origin)) mm, \(number(distance)) mm apart")
    }
    let angle = (0..<3).map { Self.angle(a.column($0), b.column($0)) }.max() ?? 0
    if angle > 1e-3 {
      let codes =
        other.axisCodes == reference.axisCodes
        ? "" : ", axes \(other.axisCodes) against \(reference.axisCodes)"
      found.append("direction by \(number(angle)) degrees\(codes)")
    }
    if found.isEmpty { found.append("position of a corner by \(number(displacement)) mm") }
    differences = found
  }

  /// Throws where the grids differ, naming both files.
  public static func require(
    _ other: VoxelGrid, of otherFile: URL, matches reference: VoxelGrid, of referenceFile: URL
  ) throws {
    let comparison = GridComparison(other, with: reference)
    guard comparison.agrees else {
      throw PipelineError.badData(
        "\(otherFile.path): lies on another grid than \(referenceFile.path): "
          + comparison.differences.joined(separator: "; ") + ". Resample one onto the other first.")
    }
  }

  private static func angle(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> Double {
    let lengths = ((a * a).sum() * (b * b).sum()).squareRoot()
    guard lengths > 0 else { return 0 }
    return acos(min(1, max(-1, (a * b).sum() / lengths))) * 180 / .pi
  }

}

private func text(_ vector: SIMD3<Double>) -> String {
  "(" + (0..<3).map { number(vector[$0]) }.joined(separator: ", ") + ")"
}

/// Up to four digits after the point, without trailing zeros.
private func number(_ value: Double) -> String {
  guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
  let rounded = (value * 1e4).rounded() / 1e4
  return rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)
}
