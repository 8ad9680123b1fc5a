import BloodCells
import Foundation
import ImageFiles
import Imaging
import NeuralNetworks
import Reports

/// Tells the type of every cell.
struct ClassifyCells: Stage {
  enum Precision: String, ParameterChoice { case auto, f32, bf16 }

  static let name = "blood.classify"
  static let summary = "Tells the type of every cell with a trained network, with calibrated probabilities."
  static let parameters = [
    Parameter("model", \ClassifyCells.model, "the classifier, a safetensors file"),
    Parameter(
      "precision", \ClassifyCells.precision, "of the network's activations; auto = bf16 where the CPU has it"),
    Parameter(
      "views", \ClassifyCells.views, "turned views of each cell that are averaged; none = as the model says"),
    Parameter(
      "same_magnification", \ClassifyCells.sameMagnification,
      "whether the smear was taken at the magnification of the model's training; auto = if its median cell is as large"
    ),
    Parameter(
      "least_probability", \ClassifyCells.leastProbability,
      "cells whose type is less probable are counted as uncertain in the report", in: 0...1),
  ]
  static let inputs = [
    StageInput("balanced", from: "prepare/balanced.png", "the balanced smear"),
    StageInput("cells", from: "separate/cells.csv", "the cells"),
    StageInput("labels", from: "separate/labels.png", "their pixels"),
  ]
  static let outputs = [
    StageOutput("cells.csv", "the cells with class and probability"),
    StageOutput("probabilities.csv", "the probability of every type for every cell"),
    StageOutput("types.json", "counts and percentages of the types, and facts of the model"),
  ]

  /// Three answers to whether two magnifications agree.
  enum Agreement: String, ParameterChoice { case auto, yes, no }

  var model: InputFile?
  var precision = Precision.auto
  var views: Int?
  var sameMagnification = Agreement.auto
  var leastProbability = 0.5

  /// What `types.json` holds.
  struct Record: Codable {
    struct Share: Codable {
      let type: String
      let cells: Int
      let percent: Double?
    }
    /// Whole cells: those that the border does not cut.
    let wholeCells: Int
    let types: [Share]
    let uncertain: Int
    let leastProbability: Double
    let magnificationKnown: Bool
    let temperature: Double
    let notes: [String: String]
  }

  func validate() throws {
    if let views, !(1...64).contains(views) {
      throw WrongValue(found: "\(views)", expected: "views: 1 to 64, or none")
    }
  }

  func run(_ context: StageContext) throws {
    guard let model else {
      throw PipelineError.configuration(
        "no model: name the classifier's safetensors file with --set classify.model=FILE")
    }
    var classifier = try CellClassifier(contentsOf: model.url)
    if let views { classifier.design.views = views }
    let image = try RasterFile.read(path: context.input("balanced").path).rgb
    let cells = try CellTable.cells(String(contentsOf: context.input("cells"), encoding: .utf8))
    guard case .gray16(let labels) = try RasterFile.read(path: context.input("labels").path).pixels,
      labels.width == image.width, labels.height == image.height
    else {
      throw PipelineError.badData(
        "separate/labels.png: not the 16-bit ids of this smear. Run the stage separate again.")
    }
    try context.progress(0.2)
    let smear = SeparatedSmear(cells: cells, labels: labels, concavePoints: [], rejected: [])
    var reference: Double?
    if let diameter = smear.medianCellDiameter {
      switch sameMagnification {
      case .auto: reference = classifier.design.reference(forDiameter: diameter)
      case .yes: reference = classifier.design.referenceDiameter
      case .no: reference = nil
      }
      if reference == nil && sameMagnification == .auto {
        context.warn(
          "the median cell is \(NumberText.short(diameter)) pixels wide, unlike the model's training images: sizes are "
            + "only compared within the smear (classify.same_magnification)")
      }
    }
    let inputs = smear.portraits(
      of: Array(cells.indices), in: BalancedSmear(balanced: image), reference: reference)
    if let whole = SmearPlausibility(inputs.map(\.features)), !whole.isPlausible {
      context.warn(
        "what was found is unlike the cells of a smear (median solidity \(NumberText.short(whole.medianSolidity)), "
          + "axis ratio \(NumberText.short(whole.medianAxisRatio))): check that it is the right image")
    }
    try context.progress(0.4)
    let rows = try classifier.probabilities(
      of: inputs, precision: Plan.Precision(rawValue: precision.rawValue) ?? .automatic)
    try context.progress(0.9)
    try write(zip(cells, rows).map { TypedCell($0, probabilities: $1) }, classifier, reference, context)
  }

  private func write(
    _ cells: [TypedCell], _ classifier: CellClassifier, _ reference: Double?, _ context: StageContext
  ) throws {
    let types = classifier.design.types
    try Data(TypedCellTable.text(cells, types: types).utf8).write(to: context.output("cells.csv"))
    try Data(TypedCellTable.probabilities(cells, types: types).utf8)
      .write(to: context.output("probabilities.csv"))
    let whole = cells.filter { !$0.cell.touchesBorder }
    let record = Record(
      wholeCells: whole.count,
      types: types.indices.map { type in
        let count = whole.count { $0.type == type }
        return .init(
          type: types[type], cells: count,
          percent: whole.isEmpty ? nil : 100 * Double(count) / Double(whole.count))
      }, uncertain: whole.count { $0.probability < leastProbability },
      leastProbability: leastProbability, magnificationKnown: reference != nil,
      temperature: classifier.design.temperature, notes: classifier.design.notes)
    try JSONText.encode(record).write(to: context.output("types.json"))
  }
}

extension CellModelError: ExitStatusProviding {
  /// 65.
  public var exitStatus: ExitStatus { .badData }
}
