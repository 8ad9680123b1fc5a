import ArgumentParser
import Foundation
import Glioma
import Imaging

/// What one method found for one patient.
struct StudyRecord: Codable {
  var patient: String
  var method: String
  var nt: Int
  var nx: Int
  var seconds: Double
  /// Processor seconds, which other programs on the machine do not lengthen.
  var processorSeconds: Double
  var loss: Double
  var error: DensityError
  var parameterError: ParameterError?
  var parameters: GrowthParameters
}

/// The methods that are compared.
enum StudyMethod: String, CaseIterable, Codable, ExpressibleByArgument {
  case seed, strong, adam
  case gaussNewton = "gauss-newton"
  /// Gauss–Newton without its discrepancy stop: the density is freed whatever the violation.
  case unstopped
  case staticField = "static"

  /// Run the method on a problem cut out of a patient.
  func solve(_ setup: GliomaSetup, epochs: Int) throws -> GrowthSolution {
    let problem = setup.problem
    switch self {
    case .strong, .gaussNewton, .unstopped:
      var solver = GaussNewtonSolver()
      solver.isStrongOnly = self == .strong
      if self == .unstopped { solver.stopping.discrepancy = 0 }
      return try solver.solve(problem, components: setup.components, core: setup.coreCells)
    case .seed:
      let seed = setup.seedingRun()
      return GrowthSolution(
        of: seed, terms: DiscreteLoss(problem).terms(of: seed.field, parameters: seed.parameters))
    case .adam:
      return try AdamSolver.solve(
        problem, seed: setup.seedingRun(), epochs: epochs, rate: 1e-3, schedule: .constant)
    case .staticField:
      return try StaticField().solve(problem, start: setup.seedingRun())
    }
  }
}

/// Mean and standard deviation over the patients of a group.
struct Spread: Encodable {
  var mean: Double
  var deviation: Double
  var count: Int

  init(_ values: [Double]) {
    count = values.count
    let mean = values.reduce(0, +) / Double(max(values.count, 1))
    self.mean = mean
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    deviation = values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : 0
  }
}

/// One line of the table: a method on a group of patients.
struct StudyRow: Encodable {
  var foci: Int
  var method: String
  var patients: Int
  var dice10, lowDensityRmse, seconds, processorSeconds, loss: Spread
  /// Root mean squares of the parameters' errors.
  var lnInfiltrationLength, lnTravelledDistance, upperThreshold, lowerThreshold: Double?

  init(foci: Int, method: String, records: [StudyRecord]) {
    self.foci = foci
    self.method = method
    patients = records.count
    dice10 = Spread(records.map(\.error.dice10))
    lowDensityRmse = Spread(records.map(\.error.lowDensityRmse))
    seconds = Spread(records.map(\.seconds))
    processorSeconds = Spread(records.map(\.processorSeconds))
    loss = Spread(records.map(\.loss))
    let errors = records.compactMap(\.parameterError)
    func size(_ key: KeyPath<ParameterError, Double>) -> Double? {
      errors.isEmpty
        ? nil : (errors.reduce(0) { $0 + pow($1[keyPath: key], 2) } / Double(errors.count)).squareRoot()
    }
    lnInfiltrationLength = size(\.lnInfiltrationLength)
    lnTravelledDistance = size(\.lnTravelledDistance)
    upperThreshold = size(\.upperThreshold)
    lowerThreshold = size(\.lowerThreshold)
  }

  /// The line as text, under `heading`.
  var text: String {
    func pair(_ s: Spread, _ digits: Int) -> String {
      String(format: "%.\(digits)f ± %.\(digits)f", s.mean, s.deviation)
    }
    func plain(_ value: Double?) -> String { value.map { String(format: "%.2f", $0) } ?? "" }
    return [
      "\(foci)", method, "\(patients)", pair(dice10, 3), pair(lowDensityRmse, 3), plain(lnInfiltrationLength),
      plain(lnTravelledDistance), plain(upperThreshold), plain(lowerThreshold),
      String(format: "%.1e", loss.mean), pair(processorSeconds, 1), pair(seconds, 1),
    ].joined(separator: " | ")
  }

  static let heading =
    "foci | method | patients | Dice@10 % | RMSE 1–25 % | ln λ | ln travelled | θ_up | θ_down | loss | "
    + "processor s | s"
}
