import Imaging

/// The interval terms sampled at the voxels beside the borders between labels.
///
/// A cell's label says only on which side of a threshold its density lies, so that a border is known to half a cell and
/// the width of a narrow flank not at all. Voxels are finer: interpolated to them, the density must cross each threshold
/// between two neighbours. These rows are part of the strong-constraint fit alone, like its prior; the discrete loss is the
/// published one.
struct BorderRows {
  private let labels: [UInt8]
  private let weights: [Double]
  /// Eight cells and shares of each voxel.
  private let corners: [Int32]
  private let shares: [Float]

  /// The rows of `problem`; voxels without matter around them are left out.
  init(_ problem: GrowthProblem) {
    let shape = problem.grid.shape
    let spacing = problem.grid.spacing
    let cellVolume = spacing.x * spacing.y * spacing.z
    let weight = problem.weights.data * problem.weights.data / cellVolume
    var (labels, weights, corners, shares) = ([UInt8](), [Double](), [Int32](), [Float]())
    for voxel in problem.observation.borders {
      let p = SIMD3<Double>(voxel.position) / spacing - 0.5
      let base = SIMD3<Int>(p.rounded(.down))
      let f = SIMD3<Float>(p - p.rounded(.down))
      var (cells, parts, sum) = ([Int32](), [Float](), Float(0))
      for corner in 0..<8 {
        let (x, y, z) = (base.x + (corner & 1), base.y + (corner >> 1 & 1), base.z + (corner >> 2))
        guard shape.contains(x, y, z), problem.reactive[0][shape.index(x, y, z)] > 0 else { continue }
        let share =
          (corner & 1 == 1 ? f.x : 1 - f.x) * (corner & 2 == 2 ? f.y : 1 - f.y)
          * (corner & 4 == 4 ? f.z : 1 - f.z)
        cells.append(Int32(shape.index(x, y, z)))
        parts.append(share)
        sum += share
      }
      guard sum > 0.25 else { continue }
      labels.append(voxel.label)
      weights.append(weight * Double(voxel.volume))
      corners += cells + Array(repeating: cells[0], count: 8 - cells.count)
      shares += parts.map { $0 / sum } + Array(repeating: 0, count: 8 - parts.count)
    }
    (self.labels, self.weights, self.corners, self.shares) = (labels, weights, corners, shares)
  }

  /// A voxel whose density violates its interval.
  struct Violation {
    var voxel: Int
    var error: Double
    var weight: Double
    /// The coordinate of the threshold that is violated, with ∂e/∂θ = −1; nil for the bounds 0 and 1.
    var threshold: Int?
  }

  /// The rows that act at the density `u` of the last slice.
  func violations(_ u: UnsafePointer<Float>, _ p: GrowthParameters) -> [Violation] {
    var result: [Violation] = []
    for voxel in labels.indices {
      var density = 0.0
      for corner in 8 * voxel..<8 * voxel + 8 {
        density += Double(shares[corner]) * Double(u[Int(corners[corner])])
      }
      let label = labels[voxel]
      let (lower, upper) = GrowthProblem.interval(label, p)
      if density < lower {
        result.append(
          Violation(
            voxel: voxel, error: density - lower, weight: weights[voxel],
            threshold: label == 2 ? ParameterVector.upper : label == 1 ? ParameterVector.lower : nil))
      } else if density > upper {
        result.append(
          Violation(
            voxel: voxel, error: density - upper, weight: weights[voxel],
            threshold: label == 1 ? ParameterVector.upper : label == 0 ? ParameterVector.lower : nil))
      }
    }
    return result
  }

  /// ΣW²e² of `violations`.
  static func value(_ violations: [Violation]) -> Double {
    violations.reduce(0) { $0 + $1.weight * $1.error * $1.error }
  }

  /// Add the normal equations of `violations` to `matrix` and `slope`; `state[j]` is the derivative of the last slice by
  /// coordinate j.
  func accumulate(
    _ violations: [Violation], _ state: [[Float]], scale: Double, _ matrix: inout [Double],
    _ slope: inout [Double]
  ) {
    let n = state.count
    var row = Array(repeating: 0.0, count: n)
    for violation in violations {
      for j in 0..<n {
        row[j] = violation.threshold == j ? -1 : 0
        guard !state[j].isEmpty else { continue }
        for corner in 8 * violation.voxel..<8 * violation.voxel + 8 {
          row[j] += Double(shares[corner]) * Double(state[j][Int(corners[corner])])
        }
      }
      let w = scale * violation.weight
      for j in 0..<n where row[j] != 0 {
        slope[j] += w * row[j] * violation.error
        for l in 0..<n { matrix[j * n + l] += w * row[j] * row[l] }
      }
    }
  }
}
