import BloodCells
import ImageAnalysis
import Imaging
import Testing

@Suite("Cells as tables and pictures") struct CellTests {
  @Test("A table of cells reads back to a hundredth of a pixel") func table() throws {
    let smear = SyntheticSmear(recipe: SyntheticSmearRecipe(), seed: 3, index: 0)
    let text = CellTable.text(smear.cells)
    #expect(text.hasPrefix("id,x,y,semi_major,semi_minor,angle_deg,area_px,clump,fit,touches_border\n"))
    let back = try CellTable.cells(text)
    #expect(back.count == smear.cells.count && CellTable.text(back) == text)
    for (one, other) in zip(smear.cells, back) {
      #expect(abs(one.ellipse.center.x - other.ellipse.center.x) <= 0.0051 && one.area == other.area)
    }
  }

  @Test("Damaged tables are refused by line") func damaged() {
    #expect(throws: CellTableError.missingColumns(["y"])) { try CellTable.centers("x,z\n1,2\n") }
    #expect(throws: CellTableError.unreadable(line: 3, text: "3,nan")) {
      try CellTable.centers("x,y\n1,2\n3,nan\n")
    }
    #expect(throws: CellTableError.unreadable(line: 2, text: "1")) { try CellTable.centers("x,y\n1\n") }
  }

  @Test("A synthetic smear is the same for the same seed and its labels are its cells") func synthetic() {
    let (one, two) = (
      SyntheticSmear(recipe: SyntheticSmearRecipe(), seed: 3, index: 1),
      SyntheticSmear(recipe: SyntheticSmearRecipe(), seed: 3, index: 1)
    )
    #expect(one.image == two.image && one.labels == two.labels)
    for cell in one.cells {
      #expect(one.labels.pixels.count { $0 == UInt16(cell.id) } == cell.area)
    }
  }

  @Test("Slides are on one side only and every class on both", arguments: [1, 2, 3] as [UInt64])
  func split(seed: UInt64) {
    let counts = Dictionary(
      uniqueKeysWithValues: (0..<12).map { ("slide \($0)", [100, $0 % 3 == 0 ? 40 : 0, 7 * $0]) })
    let split = SlideSplit(counts: counts, testingShare: 0.3, seed: seed)
    #expect(Set(split.training).isDisjoint(with: split.testing))
    #expect(split.training.count + split.testing.count == 12)
    for c in 0..<3 {
      let test = split.testing.reduce(0) { $0 + (counts[$1]?[c] ?? 0) }
      let all = counts.values.reduce(0) { $0 + $1[c] }
      #expect(abs(Double(test) / Double(all) - 0.3) <= 0.25)
    }
  }
}
