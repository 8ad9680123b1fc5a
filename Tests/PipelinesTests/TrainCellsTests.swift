import BloodCells
import Files
import Foundation
import ImageFiles
import Pipelines
import Synchronization
import TestSupport
import Testing

/// A folder of drawn smears with labels for two of three cells.
private struct SmearBench {
  let folder: URL
  let pipeline: Pipeline
  /// Cells of all smears, and labels written.
  let cells: Int
  let labels: Int

  init(_ folder: URL) throws {
    self.folder = folder
    try FileManager.default.createDirectory(
      at: folder.appendingPathComponent("images"), withIntermediateDirectories: true)
    var rows = ["image,x,y,class_name"]
    var slides = ["image,slide_group"]
    var count = 0
    for index in 0..<6 {
      let smear = Self.smear(index)
      let name = "smear-\(index).png"
      try PNGWriter().write(smear.image, to: folder.appendingPathComponent("images/\(name)").path)
      slides.append("\(name),slide-\(index)")
      for (place, cell) in smear.cells.enumerated() {
        count += 1
        // The last smear has no label at all.
        guard index < 5, place % 3 > 0 else { continue }
        let (center, type) = (cell.ellipse.center, cell.ellipse.axisRatio > 1.35 ? "long" : "round")
        rows.append("\(name),\(center.x),\(center.y),\(place == 1 && index == 0 ? "other" : type)")
      }
    }
    cells = count
    labels = rows.count - 1
    try AtomicFile.write(
      Data(rows.joined(separator: "\n").utf8), to: folder.appendingPathComponent("cells.csv").path)
    try AtomicFile.write(
      Data(slides.joined(separator: "\n").utf8), to: folder.appendingPathComponent("images.csv").path)
    let yaml = """
      cases: image
      stages:
        - name: prepare
          type: blood.prepare
      train:
        type: blood.train
        parameters: {types: [round, long], width: 4, epochs: 2, batch: 8, profile_networks: 1, views: 1, split: cells}
      """
    let file = folder.appendingPathComponent("small.yaml")
    try AtomicFile.write(Data(yaml.utf8), to: file.path)
    pipeline = try PipelineLibrary(folders: [folder], registry: .builtIn).pipeline(file.path)
  }

  static func smear(_ index: Int) -> SyntheticSmear {
    var recipe = SyntheticSmearRecipe()
    recipe.size = [320, 240]
    (recipe.singleCells, recipe.clumps, recipe.platelets, recipe.axisRatio) = (12, 0, 0, 1.8)
    return SyntheticSmear(recipe: recipe, seed: 31, index: index)
  }

  @discardableResult
  func train(_ name: String, _ settings: String...) throws -> [String] {
    let told = Mutex<[String]>([])
    let output = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
    let changed = try pipeline.applying(settings.map { try Setting("train." + $0) }, relativeTo: folder)
    let found = try CaseDiscovery(folder: folder, kind: .image)
    try changed.training?.run(
      TrainingContext(
        cases: found.cases, folder: output, resumes: false, pipeline: changed,
        onNote: { text in told.withLock { $0.append(text) } },
        onWarning: { text in told.withLock { $0.append(text) } }))
    return told.withLock { $0 }
  }

  func url(_ path: String) -> URL { folder.appendingPathComponent(path) }
}

@Suite struct TrainCellsTests {
  @Test func `a student learns from cells without labels, those of kept slides aside`() throws {
    try withTemporaryFolder { folder in
      let bench = try SmearBench(folder)
      try bench.train("teacher")
      let labelled = try CellSampleFile(contentsOf: bench.url("teacher/samples.safetensors"))
      #expect(labelled.unlabelled.isEmpty)
      #expect(labelled.samples.count > bench.labels * 9 / 10 && labelled.samples.count < bench.labels)
      let told = try bench.train("student", "teacher=teacher/model.safetensors")
      let all = try CellSampleFile(contentsOf: bench.url("student/samples.safetensors"))
      #expect(all.samples.map(\.source) == labelled.samples.map(\.source))
      // Neither labelled cells nor the one labelled as something else, but those of the smear without labels.
      #expect(abs(all.unlabelled.count - (bench.cells - bench.labels)) <= 3, "\(all.unlabelled.count)")
      #expect(all.unlabelled.contains { $0.source == "smear-5.png" })
      #expect(told.contains { $0.hasPrefix("\(all.unlabelled.count) cells without labels") }, "\(told)")
      #expect(!told.contains { $0.contains("another split") })
      let student = try CellClassifier(contentsOf: bench.url("student/model.safetensors"))
      #expect(student.design.notes["teacher"] == "model.safetensors")
      let weights = try CellClassifier(contentsOf: bench.url("teacher/model.safetensors")).weights
      #expect(student.weights != weights)

      let slides = try bench.train(
        "slides", "teacher=teacher/model.safetensors", "split=slides", "testing_share=0.4")
      #expect(slides.contains { $0.contains("another split") }, "\(slides)")
      #expect(!slides.contains { $0.hasPrefix("\(all.unlabelled.count) cells") }, "\(slides)")
    }
  }

  @Test func `a teacher without a cell to type is refused, and labels of other types are read again`() throws
  {
    try withTemporaryFolder { folder in
      let bench = try SmearBench(folder)
      try bench.train("teacher")
      try bench.train("student", "teacher=teacher/model.safetensors")
      let url = bench.url("student/samples.safetensors")
      let before = try CellSampleFile(contentsOf: url).unlabelled.count
      // Every cell without a label gets one of a type that is not learned.
      var text = try String(contentsOf: bench.url("cells.csv"), encoding: .utf8)
      for index in 0..<6 {
        let smear = SmearBench.smear(index)
        for (place, cell) in smear.cells.enumerated() where index == 5 || place % 3 == 0 {
          text += "\nsmear-\(index).png,\(cell.ellipse.center.x),\(cell.ellipse.center.y),other"
        }
      }
      try AtomicFile.write(Data(text.utf8), to: bench.url("cells.csv").path)
      let error = #expect(throws: CellModelError.self) {
        try bench.train("student", "teacher=teacher/model.safetensors")
      }
      #expect(error?.description.contains("leave train.teacher out") == true, "\(before)")
      #expect(try before > 0 && CellSampleFile(contentsOf: url).unlabelled.isEmpty)
    }
  }

  @Test func `a teacher of other types is refused by name`() throws {
    try withTemporaryFolder { folder in
      let bench = try SmearBench(folder)
      try bench.train("teacher")
      let error = #expect(throws: CellModelError.self) {
        try bench.train("student", "teacher=teacher/model.safetensors", "types=long,round")
      }
      #expect(error?.description.contains("a classifier of long, round expected") == true)
    }
  }
}
