import Files
import Foundation
import Imaging
import Numerics
import Vessels

extension TrainVessels {
  func run(_ context: TrainingContext) throws {
    try VesselScans.requireDistinct(context.cases)
    let scans = try VesselScans(
      context.cases, normalization: normalization, centrelines: skeletonRecall > 0, context)
    if !isSynthetic {
      guard !scans.labelled.isEmpty || imageOnly == batch else {
        throw PipelineError.badData("no case has a label, and not every patch is to be image-only")
      }
    }
    if imageOnly > 0, scans.imageOnly.isEmpty {
      throw PipelineError.badData("image_only \(imageOnly), but every case has a label")
    }
    if imageOnly == 0, !scans.imageOnly.isEmpty {
      context.warn(
        "\(scans.imageOnly.count) cases without a label take no part: set train.image_only and train.consistency"
      )
    }
    guard folds > 0 else {
      let split =
        isSynthetic
        ? VesselSplit(validatingAll: scans.labelled)
        : validationCases.isEmpty
          ? VesselSplit(scans.labelled, folds: 0, fold: 0, share: validation, seed: UInt64(seed))
          : try VesselSplit(scans.labelled, validating: validationCases)
      try train(split, scans, fold: 0, folder: context.folder, context, from: 0, to: 1)
      return
    }
    guard folds <= scans.labelled.count else {
      throw PipelineError.badData("\(folds) folds of \(scans.labelled.count) labelled cases: use fewer")
    }
    let chosen = fold == 0 ? Array(1...folds) : [fold]
    for (number, fold) in chosen.enumerated() {
      let folder = context.folder.appendingPathComponent("fold-\(fold)")
      try makeFolder(folder)
      try train(
        VesselSplit(scans.labelled, folds: folds, fold: fold, share: 0, seed: UInt64(seed)), scans,
        fold: fold,
        folder: folder, context, from: Double(number) / Double(chosen.count),
        to: Double(number + 1) / Double(chosen.count))
    }
  }

  /// Train one network into `folder`.
  private func train(
    _ split: VesselSplit, _ scans: VesselScans, fold: Int, folder: URL, _ context: TrainingContext,
    from start: Double, to end: Double
  ) throws {
    let settings = settings(fold: fold)
    let composer = try composer(split, scans, settings)
    let training = try VesselTraining(
      settings, folder: folder, start: try self.start.map { try VesselModel(contentsOf: $0.url).weights })
    let volumes = (scans.labelled + scans.imageOnly).reduce(0) { $0 + $1.bytes }
    let validation = VesselValidation(volumes: split.validation, normalization: normalization)
    let largest = split.validation.map(\.image.shape.count).max() ?? 0
    let memory = VesselTrainingMemory(
      training, threads: loaders, volumes: volumes,
      validation: largest > 0 ? try validation.planBytes(settings.design) + 40 * largest : 0)
    context.note(memory.text)
    try MemoryLimit.require(memory.total, for: "the training")
    if context.resumes {
      if try !training.resume() { context.warn("\(folder.path): no checkpoint yet; training from the start") }
      for remark in training.remarks { context.warn(remark) }
    }
    if split.validation.isEmpty {
      context.warn("no labelled case is left for validation: the last epoch is kept")
    }
    let isDone = try training.run(
      batches: { composer.batch(step: $0) }, threads: loaders,
      validate: split.validation.isEmpty ? nil : { try validation.score($0) }
    ) { status in
      let done = Double(status.step) / Double(status.steps)
      context.progress(
        start + (end - start) * done,
        "\(fold > 0 ? "fold \(fold), " : "")step \(status.step) of \(status.steps), loss "
          + String(format: "%.4f", status.loss))
      if let epoch = training.history.last, epoch.step == status.step {
        context.note("\(fold > 0 ? "fold \(fold), " : "")\(epoch.line(of: settings.epochs))")
      }
      return context.isInterrupted ? .stop : .proceed
    }
    if !isDone { try context.checkInterruption() }
    try finish(training, validation, folder: folder, memory)
  }

  /// Where patches come from.
  private func composer(
    _ split: VesselSplit, _ scans: VesselScans, _ settings: VesselTrainingSettings
  ) throws -> BatchComposer {
    let shape = VoxelShape(patch, patch, patch)
    var sources: [any PatchSource] = []
    if usesSynthetic {
      var synthetic = SyntheticPatchSource.Settings(side: patch, batch: batch)
      (synthetic.fresh, synthetic.replayed, synthetic.channels) = (self.synthetic, replayed, outputs)
      sources.append(SyntheticPatchSource(synthetic, seed: settings.seed))
    }
    let labelled = batch - synthetic - replayed - imageOnly
    let change = augmentation == .usual ? RandomPatchAugmentation() : nil
    func source(_ volumes: [TrainingVolume], count: Int) -> VolumePatchSource {
      VolumePatchSource(
        volumes, count: count, sampler: PatchSampler(patch: shape, foregroundFraction: foreground),
        augmentation: change, patchNormalization: normalization == .patchMaximum ? normalization : nil,
        projectedAxes: projectionTarget == .volume ? settings.objective.projection?.axes ?? [] : [],
        seed: settings.seed)
    }
    if labelled > 0 {
      guard !split.training.isEmpty else {
        throw PipelineError.badData("no labelled case is left to train on: validate on fewer")
      }
      sources.append(source(split.training, count: labelled))
    }
    if imageOnly > 0 { sources.append(source(scans.imageOnly, count: imageOnly)) }
    return BatchComposer(sources, patch: shape, deformation: settings.deformation, seed: settings.seed)
  }

  /// The model with its threshold, and the report.
  private func finish(
    _ training: VesselTraining, _ validation: VesselValidation, folder: URL, _ memory: VesselTrainingMemory
  ) throws {
    var model = try VesselModel(contentsOf: folder.appendingPathComponent("best.safetensors"))
    if outputs.count == 1, let threshold = try validation.bestThreshold(model) {
      model.outputs[0].threshold = threshold
    }
    model.notes["epoch"] = training.bestEpoch.map { "\($0)" }
    try model.write(to: folder.appendingPathComponent("model.safetensors"), type: .float32)
    let report = VesselTrainingReport(
      training: training, model: model, memory: memory, parameters: parameterDescriptions,
      validated: validation.volumes.map(\.id))
    try Data(report.html().utf8).write(to: folder.appendingPathComponent("report.html"), options: .atomic)
  }
}

extension TrainingEpoch {
  /// One line: the loss, the scores, the time, and the share of it that was spent waiting for patches.
  fileprivate func line(of epochs: Int) -> String {
    let scores = [("Dice", validation?.dice), ("clDice", validation?.clDice)]
      .compactMap { name, value in value.map { ", \(name) " + String(format: "%.3f", $0) } }
    let loss = terms.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value }
    return String(format: "epoch %d of %d: loss %.4f", epoch, epochs, loss) + scores.joined()
      + String(
        format: ", %.0f s, %.1f %% of it waiting for patches", seconds,
        100 * waitedSeconds / max(seconds, 1e-9))
  }
}

/// The most memory that a training needs.
struct VesselTrainingMemory {
  let plan, weights, batches, volumes, validation: Int
  /// The program with its libraries.
  private static let program = 48 << 20

  init(_ training: VesselTraining, threads: Int, volumes: Int, validation: Int) {
    (plan, weights, batches) = training.memoryBytes(threads: threads)
    // Beside the plan some copies of the largest scan: probabilities, masks, skeletons.
    (self.volumes, self.validation) = (volumes, validation)
  }

  var total: Int { plan + weights + batches + volumes + validation + Self.program }

  var text: String {
    "memory: at most \(humanBytes(total)) (network \(humanBytes(plan)), weights \(humanBytes(weights)), patches "
      + "\(humanBytes(batches)), scans \(humanBytes(volumes)), validation \(humanBytes(validation)), program \(humanBytes(Self.program)))"
  }
}
