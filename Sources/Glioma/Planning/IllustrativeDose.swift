import Foundation
import ImageAnalysis
import Imaging

/// A picture of a dose: the prescription inside the target, with edges blurred like a penumbra. Not a dose of a treatment
/// planning system.
public struct IllustrativeDose: Sendable {
  /// The dose, in Gy.
  public let dose: Volume<Float>
  /// The prescription, in Gy.
  public let prescription: Double

  /// The dose of `prescription` Gy on `target` with edges of standard deviation `penumbra` mm.
  public init(target: Mask, prescription: Double = 60, penumbra: Double = 5) {
    let blurred = target.map(Float.init).gaussianSmoothed(sigma: penumbra)
    dose = blurred.map { $0 * Float(prescription) }
    self.prescription = prescription
  }

  /// A dose that was computed before.
  public init(dose: Volume<Float>, prescription: Double) {
    self.dose = dose
    self.prescription = prescription
  }

  /// One row of a dose-volume table.
  public struct Row: Hashable, Sendable, Codable {
    /// Least dose that 98, 95, 50 and 2 % of the structure receive, in Gy.
    public var d98, d95, d50, d2: Double
    /// Mean dose, in Gy.
    public var mean: Double
    /// Share of the structure that receives 95 % of the prescription.
    public var v95: Double
  }

  /// The dose-volume figures of `structure`; nil where it is empty.
  public func row(of structure: Mask) -> Row? {
    var values: [Float] = []
    for cell in structure.voxels.indices where structure.voxels[cell] > 0 { values.append(dose.voxels[cell]) }
    guard !values.isEmpty else { return nil }
    values.sort()
    func received(_ percent: Double) -> Double {
      Double(values[Int((1 - percent / 100) * Double(values.count - 1))])
    }
    let mean = values.reduce(0.0) { $0 + Double($1) } / Double(values.count)
    let enough = values.reduce(0) { $0 + (Double($1) >= 0.95 * prescription ? 1 : 0) }
    return Row(
      d98: received(98), d95: received(95), d50: received(50), d2: received(2), mean: mean,
      v95: Double(enough) / Double(values.count))
  }

  /// The share of `structure` that receives at least each of `doses` (Gy): a dose-volume histogram.
  public func histogram(of structure: Mask, at doses: [Double]) -> [Double] {
    var counts = Array(repeating: 0, count: doses.count)
    var total = 0
    for cell in structure.voxels.indices where structure.voxels[cell] > 0 {
      total += 1
      let value = Double(dose.voxels[cell])
      for (index, dose) in doses.enumerated() where value >= dose { counts[index] += 1 }
    }
    return counts.map { total > 0 ? Double($0) / Double(total) : 0 }
  }
}
