import Imaging

/// Mirrored copies of a window whose results are averaged.
public enum WindowMirroring: String, Codable, Sendable, CaseIterable {
  /// The window as it is.
  case none
  /// As it is and reversed along the first axis.
  case x
  /// All eight reversals.
  case all

  /// The axes reversed in each pass.
  public var passes: [[Int]] {
    switch self {
    case .none: [[]]
    case .x: [[], [0]]
    case .all: (0..<8).map { bits in (0..<3).filter { bits >> $0 & 1 == 1 } }
    }
  }

  /// Reverse `values` of `shape`, x fastest, along `axis`.
  static func reverse(_ values: UnsafeMutablePointer<Float>, shape: VoxelShape, axis: Int) {
    let inner = shape.stride(axis)
    let length = shape[axis]
    let outer = shape.count / (inner * length)
    for block in 0..<outer {
      let base = values + block * inner * length
      for index in 0..<length / 2 {
        let (low, high) = (base + index * inner, base + (length - 1 - index) * inner)
        for i in 0..<inner { (low[i], high[i]) = (high[i], low[i]) }
      }
    }
  }
}
