import BloodCells
import Files
import Foundation
import NeuralNetworks

/// What a classifier of cells learns from.
extension TrainCells {
  /// The labelled cells: from the folder where an earlier run left them, else cut out anew.
  func samples(_ context: TrainingContext) throws -> CellSampleFile {
    let images = context.cases.map(\.input)
    let beside = images.first?.deletingLastPathComponent().deletingLastPathComponent()
    func table(_ given: InputFile?, _ name: String) -> URL? {
      if let given { return given.url }
      let url = beside?.appendingPathComponent(name)
      return url.flatMap { FileManager.default.fileExists(atPath: $0.path) ? $0 : nil }
    }
    guard let labels = table(cells, "cells.csv") else {
      throw PipelineError.noInput(
        "\(beside?.path ?? ""): no cells.csv; name the table of labels with --set train.cells=FILE")
    }
    let smears = try LabelledSmears(
      images: images, cells: labels, slides: table(slides, "images.csv"), types: types,
      unlabelled: teacher != nil)
    let origin = try origin(of: smears)
    let cache = context.folder.appendingPathComponent("samples.safetensors")
    if let kept = try? CellSampleFile(contentsOf: cache), kept.origin == origin { return kept }
    let harvest = try smears.samples(reference: referenceDiameter, unlabelled: teacher != nil) { share in
      context.progress(0, "separating: \(Int(100 * share)) %")
      try context.checkInterruption()
    }
    for reason in harvest.refused { context.warn(reason) }
    if harvest.missed > 0 {
      context.warn("\(harvest.missed) labels have no cell near them and were left out")
    }
    let file = CellSampleFile(
      samples: harvest.samples, unlabelled: harvest.unlabelled, types: types,
      diameters: harvest.diameters, origin: origin)
    try file.write(to: cache)
    return file
  }

  /// A digest of the pictures, the labels, and what is made of them.
  private func origin(of smears: LabelledSmears) throws -> String {
    let digest = ContentDigest()
    var text = "version 2, reference \(referenceDiameter), \(types)\(teacher == nil ? "" : ", all cells")\n"
    for smear in smears.smears {
      text += "\(smear.file.lastPathComponent) \(smear.slide) \(try digest.digest(of: smear.file).sha256) "
      text += smear.labels.map { "\($0.center.x),\($0.center.y),\($0.type)" }.joined(separator: " ") + "\n"
      if teacher != nil { text += smear.otherLabels.map { "\($0.x),\($0.y)" }.joined(separator: " ") + "\n" }
    }
    return ContentDigest.sha256(of: Data(text.utf8))
  }

  /// The teacher, before minutes go into separating smears that it is of no use for.
  func readTeacher(_ context: TrainingContext) throws -> CellClassifier? {
    guard let teacher else { return nil }
    let classifier = try CellClassifier(contentsOf: teacher.url)
    guard classifier.design.types == types else {
      throw CellModelError.otherContents(
        file: teacher.url.path, expected: "a classifier of \(types.joined(separator: ", "))")
    }
    let notes = classifier.design.notes
    if notes["split"] != split.rawValue || notes["splitSeed"] != "\(splitSeed)" {
      context.warn("\(teacher.url.path): trained on another split, so it may know the cells kept for testing")
    }
    return classifier
  }

  /// Cells without labels as the teacher types them. Those of slides kept for validation and testing are left out.
  func cellsTaught(
    by teacher: CellClassifier, among cells: [UnlabelledCell], _ partition: CellPartition,
    _ context: TrainingContext
  ) throws -> [TaughtCell] {
    let kept =
      split == .slides
      ? Set(CellPartition.slides(of: partition.validation) + CellPartition.slides(of: partition.testing)) : []
    let allowed = cells.filter { !kept.contains($0.slide) }
    guard !allowed.isEmpty else {
      throw CellModelError.unusableLabels(
        reason:
          "every cell outside of the slides kept for validation and testing has a label, so a teacher has "
          + "nothing to type; leave train.teacher out")
    }
    context.note("\(allowed.count) cells without labels are typed by the teacher")
    return try teacher.teaching(allowed)
  }
}
