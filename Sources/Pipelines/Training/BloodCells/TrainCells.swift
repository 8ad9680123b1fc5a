import BloodCells
import Files
import Foundation
import ImageFiles
import NeuralNetworks
import Reports

extension ImbalanceMethod: ParameterChoice {}

/// Trains the classifier of cells on a folder of labelled smears.
struct TrainCells: Training {
  enum Architecture: String, ParameterChoice { case small, b0, b1, lite0 }
  enum Split: String, ParameterChoice { case slides, cells }

  static let name = "blood.train"
  static let summary =
    "Separates labelled smears, cuts out the labelled cells, trains, calibrates and tests a classifier."
  static let needsLabelPerCase = false
  static let parameters = [
    Parameter(
      "cells", \TrainCells.cells,
      "the table of labels (image, x, y, class_name); none = cells.csv beside the images"),
    Parameter(
      "slides", \TrainCells.slides,
      "the table of slides (image, slide_group); none = images.csv beside the images, else every image is a slide"
    ),
    Parameter("types", \TrainCells.types, "the types to tell apart; labels of others are left out"),
    Parameter("network", \TrainCells.network, "a small residual network, or EfficientNet-B0, -B1 or -Lite0"),
    Parameter("width", \TrainCells.width, "channels of the small network's first level", in: 4...256),
    Parameter(
      "start", \TrainCells.start,
      "weights to begin with: a classifier of the same network, or its EfficientNet trained on natural images (safetensors); none = random"
    ),
    Parameter(
      "teacher", \TrainCells.teacher,
      "a classifier of the same types; cells without labels are learned from too, as it types them; none = labelled cells only"
    ),
    Parameter(
      "taught_share", \TrainCells.taughtShare, "share of a step's cells that have no label, with a teacher",
      in: 0.05...0.95),
    Parameter(
      "input_side", \TrainCells.inputSide, "pixels along each side of a cell's picture",
      in: CellTraining.inputSides),
    Parameter("imbalance", \TrainCells.imbalance, "what is done about rare types"),
    Parameter("epochs", \TrainCells.epochs, "passes over the training cells", in: 1...10_000),
    Parameter("batch", \TrainCells.batch, "cells a step", in: 2...4096),
    Parameter("learning_rate", \TrainCells.learningRate, "the highest learning rate of AdamW", in: 1e-7...1),
    Parameter("weight_decay", \TrainCells.weightDecay, "decoupled weight decay", in: 0...10),
    Parameter("label_smoothing", \TrainCells.labelSmoothing, "of the cross-entropies", in: 0...0.5),
    Parameter(
      "average_decay", \TrainCells.averageDecay, "of the weight average that is kept", in: 0...0.99999),
    Parameter(
      "color_variation", \TrainCells.colorVariation,
      "how much stain and light vary between views, 1 = about as much as slides do", in: 0...2),
    Parameter(
      "hidden_magnification", \TrainCells.hiddenMagnification,
      "how often the magnification is hidden from the network", in: 0...1),
    Parameter("precision", \TrainCells.precision, "of activations; auto = bf16 where the CPU has it"),
    Parameter(
      "profile_networks", \TrainCells.profileNetworks,
      "how many networks that see outline, rings and the rest of the image stand beside it; 0 = none",
      in: 0...64),
    Parameter("views", \TrainCells.views, "turned views averaged when the classifier is used", in: 1...64),
    Parameter("split", \TrainCells.split, "whole slides apart, or cells at random as many papers do"),
    Parameter("testing_share", \TrainCells.testingShare, "share of every type kept for testing", in: 0...0.9),
    Parameter(
      "validation_share", \TrainCells.validationShare, "share of the rest kept for calibration", in: 0...0.9),
    Parameter("split_seed", \TrainCells.splitSeed, "draws the split", in: 0...1_000_000_000),
    Parameter("seed", \TrainCells.seed, "draws everything else", in: 0...1_000_000_000),
    Parameter(
      "reference_diameter", \TrainCells.referenceDiameter,
      "the median cell's diameter that sizes are compared with, in pixels", in: 4...1000),
  ]

  var cells: InputFile?
  var slides: InputFile?
  var types = LabelledSmears.paperTypes
  var network = Architecture.small
  var width = 24
  var start: InputFile?
  var teacher: InputFile?
  var taughtShare = 0.5
  var inputSide = CellImage.inputSide
  var imbalance = ImbalanceMethod.none
  var epochs = 40
  var batch = 64
  var learningRate = 2e-3
  var weightDecay = 0.05
  var labelSmoothing = 0.05
  var averageDecay = 0.995
  var colorVariation = 1.0
  var hiddenMagnification = 0.25
  var precision = ClassifyCells.Precision.auto
  var profileNetworks = 4
  var views = 4
  var split = Split.slides
  var testingShare = 0.2
  var validationShare = 0.1
  var splitSeed = 1
  var seed = 1
  var referenceDiameter = 40.0

  func validate() throws {
    guard Set(types).count == types.count, types.count >= 2 else {
      throw WrongValue(found: types.joined(separator: ", "), expected: "types: two or more different names")
    }
    guard width % 4 == 0 else { throw WrongValue(found: "\(width)", expected: "width: a multiple of 4") }
  }

  /// The training as a value.
  private var recipe: CellTraining {
    var recipe = CellTraining(
      network: [.b0: .b0, .b1: .b1, .lite0: .lite0][network] ?? .small(width: width))
    recipe.inputSide = inputSide
    recipe.taughtShare = taughtShare
    recipe.imbalance = imbalance
    recipe.epochs = epochs
    recipe.batch = batch
    recipe.learningRate = learningRate
    recipe.weightDecay = weightDecay
    recipe.labelSmoothing = labelSmoothing
    recipe.averageDecay = averageDecay
    recipe.colorVariation = colorVariation
    recipe.hiddenMagnification = hiddenMagnification
    recipe.precision = Plan.Precision(rawValue: precision.rawValue) ?? .automatic
    recipe.seed = UInt64(seed)
    return recipe
  }

  func run(_ context: TrainingContext) throws {
    let teacher = try readTeacher(context)
    let file = try samples(context)
    let partition =
      split == .slides
      ? CellPartition(
        slidesOf: file.samples, types: types.count, testingShare: testingShare,
        validationShare: validationShare, seed: UInt64(splitSeed))
      : CellPartition(
        cellsOf: file.samples, types: types.count, testingShare: testingShare,
        validationShare: validationShare, seed: UInt64(splitSeed))
    let taught = try teacher.map { try cellsTaught(by: $0, among: file.unlabelled, partition, context) } ?? []
    let rare = types.indices.filter { LabelledSmears.rareTypes.contains(types[$0]) }
    let checkpointFile = context.folder.appendingPathComponent("checkpoint.safetensors")
    var checkpoint: Checkpoint?
    if context.resumes {
      if FileManager.default.fileExists(atPath: checkpointFile.path) {
        checkpoint = try Checkpoint(
          contentsOf: checkpointFile, for: recipe.network.network(classes: types.count).table)
      } else {
        context.warn("\(context.folder.path): no checkpoint yet; training from the start")
      }
    }
    let start = try start.map {
      try recipe.network.startingWeights(from: $0.url, classes: types.count, seed: UInt64(seed))
    }
    var history = History(context, epochsDone: checkpoint?.progress.epoch ?? 0)
    let weights = try recipe.run(
      on: partition.training, taught: taught, types: types, start: start, from: checkpoint
    ) { epoch, save in
      var told = "epoch \(epoch.number): loss \(NumberText.short(epoch.loss))"
      var scores: ClassificationScores?
      if context.isInterrupted || epoch.number % 5 == 0 {
        let now = save()
        try now.write(to: checkpointFile)
        if let average = now.average?.weights, !partition.validation.isEmpty {
          let classifier = CellClassifier(design: design(file, partition, views: 1), weights: average)
          let found = try classifier.scores(on: partition.validation, rare: rare)
          told += ", validation macro F1 \(NumberText.short(found.macroF1?.estimate ?? .nan))"
          scores = found
        }
      }
      try history.append(epoch, validation: scores)
      context.progress(Double(epoch.number) / Double(epochs), told)
      try context.checkInterruption()
    }
    var classifier = CellClassifier(design: design(file, partition, views: views), weights: weights)
    if imbalance == .decoupled {
      classifier = try classifier.retrainingLastLayer(
        on: partition.training, steps: 600, learningRate: 1e-3, precision: .f32, seed: UInt64(seed))
    }
    if profileNetworks > 0 {
      var training = ProfileTraining()
      (training.members, training.seed) = (profileNetworks, UInt64(seed))
      let profiles = try training.run(on: partition.training, taught: taught, types: types) { done in
        context.progress(1, "networks of profiles: \(done) of \(profileNetworks)")
        try context.checkInterruption()
      }
      classifier = try classifier.joining(profiles, choosingShareOn: partition.validation)
    }
    classifier = try classifier.calibrated(on: partition.validation)
    try classifier.write(to: context.folder.appendingPathComponent("model.safetensors"))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    // Scores of the file, which holds half-precision weights.
    let stored = try CellClassifier(
      contentsOf: context.folder.appendingPathComponent("model.safetensors"))
    try AtomicFile.write(
      encoder.encode(stored.scores(on: partition.testing, rare: rare)),
      to: context.folder.appendingPathComponent("test.json").path)
  }

  private func design(
    _ file: CellSampleFile, _ partition: CellPartition, views: Int
  ) -> CellClassifier.Design {
    CellClassifier.Design(
      network: recipe.network, types: types, temperature: 1, referenceDiameter: referenceDiameter,
      diameters: file.diameters, views: views, notes: notes(partition), inputSide: inputSide)
  }

  private func notes(_ partition: CellPartition) -> [String: String] {
    var notes = [
      "trainingCells": "\(partition.training.count)", "imbalance": imbalance.rawValue, "seed": "\(seed)",
      "split": split.rawValue, "splitSeed": "\(splitSeed)", "epochs": "\(epochs)",
      "profileNetworks": "\(profileNetworks)", "start": start?.url.lastPathComponent ?? "random",
      "teacher": teacher?.url.lastPathComponent ?? "none",
    ]
    if split == .slides {
      notes["testingSlides"] = CellPartition.slides(of: partition.testing).joined(separator: " ")
      notes["validationSlides"] = CellPartition.slides(of: partition.validation).joined(separator: " ")
    }
    return notes
  }

  /// `history.csv`, one line an epoch.
  private struct History {
    private let url: URL
    private var lines = ["epoch,loss,learning_rate,seconds,validation_accuracy,validation_macro_f1"]

    /// The first `epochsDone` epochs of an earlier run; what came after its last checkpoint is trained, and told, again.
    init(_ context: TrainingContext, epochsDone: Int) {
      url = context.folder.appendingPathComponent("history.csv")
      guard epochsDone > 0, let earlier = try? String(contentsOf: url, encoding: .utf8) else { return }
      lines += earlier.split(separator: "\n").dropFirst().prefix(epochsDone).map(String.init)
    }

    mutating func append(_ epoch: CellTraining.Epoch, validation: ClassificationScores?) throws {
      let scores = [validation?.accuracy, validation?.macroF1].map { $0.map { "\($0.estimate)" } ?? "" }
      lines.append(
        "\(epoch.number),\(epoch.loss),\(epoch.learningRate),\(epoch.seconds),"
          + scores.joined(separator: ","))
      try AtomicFile.write(Data((lines.joined(separator: "\n") + "\n").utf8), to: url.path)
    }
  }
}
