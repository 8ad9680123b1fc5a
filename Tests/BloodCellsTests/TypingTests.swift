import BloodCells
import Foundation
import ImageAnalysis
import Numerics
import Testing

@Suite("Types, their sampling and their scores") struct TypingTests {
  @Test("The temperature that logits were multiplied with is found", arguments: [0.5, 1, 2.5])
  func temperature(factor: Double) {
    var stream = RandomStream(seed: 4, purpose: "logits")
    var (logits, types): ([[Double]], [Int]) = ([], [])
    for _ in 0..<4000 {
      let row = (0..<4).map { _ in 2 * Double(stream.normal()) }
      let shares = probabilities(of: row, temperature: 1)
      var (place, type) = (stream.uniformDouble(), 0)
      while type < 3 && place >= shares[type] {
        place -= shares[type]
        type += 1
      }
      logits.append(row.map { $0 * factor })
      types.append(type)
    }
    let found = calibratedTemperature(logits: logits, types: types)
    #expect(abs(found / factor - 1) < 0.08, "found \(found)")
  }

  @Test("Balanced draws take every type equally often, natural ones every cell once") func sampling() {
    let types = (0..<1000).map { $0 < 900 ? 0 : $0 < 990 ? 1 : 2 }
    let sampler = CellSampler(types: types, classes: 3)
    var stream = RandomStream(seed: 2, purpose: "draws")
    #expect(sampler.epoch(exponent: 1, using: &stream).sorted() == Array(0..<1000))
    func shares(_ exponent: Double) -> [Double] {
      let draws = (0..<9000).map { _ in types[sampler.draw(exponent: exponent, using: &stream)] }
      return (0..<3).map { type in Double(draws.count { $0 == type }) / 9000 }
    }
    for share in shares(0) { #expect(abs(share - 1 / 3) < 0.02) }
    let roots = [30, 90.0.squareRoot(), 10.0.squareRoot()]
    for (share, root) in zip(shares(0.5), roots) { #expect(abs(share - root / roots.reduce(0, +)) < 0.02) }
  }

  @Test("Hard cells are drawn as often as their loss says") func hardSamples() {
    var sampler = CellSampler(types: [0, 0, 0], classes: 1)
    for (sample, loss) in [Float(1), 3, 6].enumerated() { sampler.record(loss, of: sample) }
    var stream = RandomStream(seed: 3, purpose: "hard")
    let draws = sampler.hard(10_000, using: &stream)
    for (sample, share) in [0.1, 0.3, 0.6].enumerated() {
      #expect(abs(Double(draws.count { $0 == sample }) / 10_000 - share) < 0.02)
    }
  }

  @Test("The temperature of sampling cools down to cells as they come") func coolDown() {
    let exponents = [0, 0.4, 0.8, 1].map { ImbalanceMethod.temperatureSampling.samplingExponent($0) }
    #expect(abs(exponents[0] - 0.2) < 1e-12 && exponents[2] == 1 && exponents[3] == 1)
    #expect(exponents[0] < exponents[1] && exponents[1] < exponents[2])
  }

  @Test("Splits by slide keep slides apart, splits by cell keep the types' shares") func partitions() throws {
    let samples = try drawnSamples(smears: 8, seed: 20)
    let slides = CellPartition(
      slidesOf: samples, types: 2, testingShare: 0.25, validationShare: 0.2, seed: 1)
    let sides = [slides.training, slides.validation, slides.testing].map {
      Set(CellPartition.slides(of: $0))
    }
    #expect(sides[0].isDisjoint(with: sides[1]) && sides[0].isDisjoint(with: sides[2]))
    #expect(sides[1].isDisjoint(with: sides[2]) && !sides[2].isEmpty)
    let cells = CellPartition(cellsOf: samples, types: 2, testingShare: 0.2, validationShare: 0.1, seed: 1)
    #expect(cells.training.count + cells.validation.count + cells.testing.count == samples.count)
    for type in 0..<2 {
      let all = samples.count { $0.type == type }
      #expect(abs(Double(cells.testing.count { $0.type == type }) - 0.2 * Double(all)) <= 0.5)
    }
  }

  @Test("Scores by hand: three right of four, intervals around them") func scores() {
    let cases = [(0, 0), (0, 0), (1, 0), (1, 1)].enumerated().map { index, pair in
      ClassificationScores.Case(
        type: pair.0, probabilities: pair.1 == 0 ? [0.9, 0.1] : [0.2, 0.8], unit: "\(index)")
    }
    let scores = ClassificationScores(cases, types: ["a", "b"], rare: [1])
    #expect(scores.accuracy?.estimate == 0.75 && scores.balancedAccuracy?.estimate == 0.75)
    // F1: a 2·2/(2+3) = 0.8, b 2·1/(1+2) = 2/3.
    #expect(abs((scores.macroF1?.estimate ?? 0) - (0.8 + 2 / 3.0) / 2) < 1e-12)
    #expect(scores.rareRecall == 0.5 && scores.confusion == [[2, 0], [1, 1]])
    #expect((scores.accuracy?.lower ?? 1) < 0.75 && (scores.accuracy?.upper ?? 0) > 0.75)
    #expect(scores.types[1].precision == 1 && scores.types[1].support == 2)
  }

  @Test("Placed and typed: a cell must be near its label and of its type") func placedAndTyped() throws {
    let table = try CellLabelTable(
      "image,x,y,class_name\na.jpg,10,10,normal\na.jpg,50,50,burr\na.jpg,90,90,burr\nb.jpg,5,5,burr\n",
      image: "a")
    #expect(table.labels.count == 3)
    let found = PlacedAndTyped(
      cells: [([12, 10], "normal"), ([50, 52], "normal"), ([200, 200], "burr")], labels: table.labels,
      radius: 15)
    #expect(found.placed.truePositives == 2 && found.placed.falseNegatives == 1)
    #expect(found.typed?.truePositives == 1 && found.typed?.falsePositives == 2)
    #expect(found.types == ["burr", "normal"] && found.confusion.counts == [[0, 1], [0, 1]])
    let plain = try CellLabelTable("x,y\n1,2\n", image: "a")
    #expect(plain.labels.count == 1 && plain.labels[0].type == nil)
    #expect(PlacedAndTyped(cells: [], labels: plain.labels, radius: 5).typed == nil)
  }

  @Test("Cells without a label mean nothing, a label takes the nearest cell") func partialLabels() {
    let smear = SyntheticSmear(recipe: SyntheticSmearRecipe(), seed: 3, index: 0)
    let separated = SeparatedSmear(
      cells: smear.cells, labels: smear.labels, concavePoints: [], rejected: [])
    let labels = [4, 9].map { CellLabel(center: smear.cells[$0].ellipse.center + 2, type: 0) }
    let far = CellLabel(center: [-500, -500], type: 0)
    #expect(separated.cells(for: labels + [far], reach: 0.4) == [4, 9, nil])
  }

  @Test("The table of typed cells reads back") func table() throws {
    let smear = SyntheticSmear(recipe: SyntheticSmearRecipe(), seed: 3, index: 0)
    let typed = smear.cells.enumerated().map { index, cell in
      TypedCell(cell, probabilities: index % 2 == 0 ? [0.25, 0.75] : [0.9996, 0.0004])
    }
    let text = TypedCellTable.text(typed, types: ["normal", "burr"])
    #expect(
      text.hasPrefix(
        "id,x,y,semi_major,semi_minor,angle_deg,area_px,clump,fit,touches_border,class,probability\n"))
    let back = try TypedCellTable.cells(text)
    #expect(back.map(\.type) == typed.map { ["normal", "burr"][$0.type] })
    #expect(back[0].probability == 0.75 && back[1].probability == 0.9996)
    let rows = TypedCellTable.probabilities(typed, types: ["normal", "burr"]).split(separator: "\n")
    #expect(rows[0] == "id,normal,burr" && rows[2] == "2,0.9996,0.0004")
    #expect(throws: CellTableError.self) {
      try TypedCellTable.cells(text.replacingOccurrences(of: "0.7500", with: "1.7500"))
    }
  }
}
