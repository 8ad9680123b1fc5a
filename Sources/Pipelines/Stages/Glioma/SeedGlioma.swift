import Foundation
import Glioma
import Imaging
import Reports

/// The published initial guess, for comparison and as the start of `adam` and `lbfgs`.
struct SeedGlioma: Stage {
  static let name = "glioma.seed"
  static let summary =
    "Explicit growth run that stops where its segmentation fits best (the published seeding rule)."
  static let parameters = [
    Parameter("grid", \SeedGlioma.grid, "time slices x cells along each axis, such as 96x24")
  ]
  static let inputs = PreparedPatient.inputs
  static let outputs = [
    StageOutput("seed.json", "parameters, stopping time and the loss terms of the seed")
  ]

  var grid = GridSize(slices: 96, cells: 24)

  private struct Output: Encodable {
    var parameters: GrowthParameters
    var timeScale: Double
    var loss: [String: Double]
    var total: Double
    var filledVoxels: Int
  }

  func run(_ context: StageContext) throws {
    let (patient, _) = try PreparedPatient.read(context)
    let cut = PatientGrid(patient, slices: grid.slices, count: grid.cells)
    let seed = cut.seedingRun()
    let terms = DiscreteLoss(cut.problem).terms(of: seed.field, parameters: seed.parameters)
    if cut.filledVoxels > 0 {
      context.warn("tumour where the tissue maps show fluid: growth goes on there as in white matter.")
    }
    try writeJSON(
      Output(
        parameters: seed.parameters, timeScale: seed.timeScale,
        loss: Dictionary(uniqueKeysWithValues: zip(LossTerms.names, terms.values)), total: terms.total,
        filledVoxels: cut.filledVoxels), to: context.output("seed.json"))
  }
}

/// A grid written as `192x48`.
struct GridSize: ParameterValue, Hashable {
  static let kind = "SLICESxCELLS, both even, such as 192x48"
  var slices: Int
  var cells: Int

  init(slices: Int, cells: Int) {
    self.slices = slices
    self.cells = cells
  }

  init(_ raw: RawValue, origin: ValueOrigin) throws {
    let parts = raw.text.lowercased().split(separator: "x").compactMap { Int($0) }
    guard parts.count == 2, (8...768).contains(parts[0]), (8...128).contains(parts[1]),
      parts.allSatisfy({ $0 % 2 == 0 })
    else { throw WrongValue(found: raw.text, expected: "two even numbers such as 192x48, 8x8 to 768x128") }
    (slices, cells) = (parts[0], parts[1])
  }

  var json: JSONValue { .string("\(slices)x\(cells)") }
}
