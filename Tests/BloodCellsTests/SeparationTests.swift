import BloodCells
import Foundation
import ImageAnalysis
import Imaging
import Metrics
import Testing

@Suite("Separation of blood cells") struct SeparationTests {
  @Test("Three overlapping ellipses are found with their hidden parts", arguments: 0..<4)
  func threeEllipses(index: Int) throws {
    var recipe = SyntheticSmearRecipe()
    recipe.cellsPerClump = 3...3
    let truth = SyntheticSmear(recipe: recipe, seed: 20, index: index)
    let found = try SmearSeparator(preset: .best)(truth.image)
    // Cells cut to a small part are not reported.
    let expected = truth.cells.filter { !$0.touchesBorder }
    let seen = found.cells.filter { !$0.touchesBorder }
    let score = try #require(
      ellipseJaccard(predicted: seen.map(\.ellipse), reference: expected.map(\.ellipse)))
    #expect(score >= 0.9, "seed 20, smear \(index)")
  }

  @Test("Magnifying the image leaves the number of cells and scales the ellipses") func scaleFree() throws {
    let small = SyntheticSmear(recipe: SyntheticSmearRecipe(), seed: 5, index: 0).image
    var large = RGBImage(width: 2 * small.width, height: 2 * small.height, color: .zero)
    for y in 0..<large.height { for x in 0..<large.width { large[x, y] = small[x / 2, y / 2] } }
    let (one, two) = (try SmearSeparator(preset: .best)(small), try SmearSeparator(preset: .best)(large))
    #expect(abs(one.cells.count - two.cells.count) <= one.cells.count / 25)
    let ratio = try #require(two.medianCellArea) / #require(one.medianCellArea)
    #expect(abs(ratio - 4) < 0.3)
  }

  @Test("The same image gives the same bytes", arguments: SeparationPreset.allCases)
  func reproducible(preset: SeparationPreset) throws {
    let image = SyntheticSmear(recipe: SyntheticSmearRecipe(), seed: 9, index: 1).image
    let (one, two) = (try SmearSeparator(preset: preset)(image), try SmearSeparator(preset: preset)(image))
    #expect(CellTable.text(one.cells) == CellTable.text(two.cells) && one.labels == two.labels)
  }

  @Test("Labels hold each cell's visible area and nothing else", arguments: SeparationPreset.allCases)
  func labels(preset: SeparationPreset) throws {
    let smear = try SmearSeparator(preset: preset)(
      SyntheticSmear(recipe: SyntheticSmearRecipe(), seed: 9, index: 2).image)
    var areas: [UInt16: Int] = [:]
    for id in smear.labels.pixels where id != 0 { areas[id, default: 0] += 1 }
    #expect(areas.count == smear.cells.count)
    for cell in smear.cells { #expect(areas[UInt16(cell.id)] == cell.area) }
  }

  @Test("An empty slide has no cells, a picture too small is refused") func empty() throws {
    let blank = RGBImage(width: 200, height: 150, color: [200, 205, 210])
    #expect(try SmearSeparator(preset: .best)(blank).cells.isEmpty)
    #expect(throws: BloodCellsError.imageTooSmall(width: 20, height: 20)) {
      try SmearSeparator(preset: .best)(RGBImage(width: 20, height: 20, color: .zero))
    }
  }

  @Test("A picture of something else is refused") func somethingElse() {
    var image = RGBImage(width: 320, height: 240, color: .zero)
    for y in 0..<240 {
      for x in 0..<320 {
        let wave = sin(Double(x) * 0.05 + Double(y) * 0.02)
        let gray = UInt8(128 + 90 * wave)
        image[x, y] = [gray, gray, gray]
      }
    }
    #expect(throws: BloodCellsError.self) { try SmearSeparator(preset: .best)(image) }
  }

  @Test("One giant blob ends at once, without cells of its own") func giant() throws {
    var mask = PlanarMask(width: 900, height: 700, filledWith: 0)
    for y in 20..<680 { for x in 20..<880 { mask[x, y] = 1 } }
    let smear = try SmearSeparator.separate(
      SmearForeground(mask: mask, cellRadius: 10, rejected: []), parameters: SeparationParameters())
    #expect(smear.cells.isEmpty && smear.rejected.map(\.reason) == [.tooLarge])
  }

  @Test("A line without an ellipse says so") func degenerate() throws {
    var mask = PlanarMask(width: 60, height: 60, filledWith: 0)
    for x in 10..<50 { mask[x, 30] = 1 }
    let smear = try SmearSeparator.separate(
      SmearForeground(mask: mask, cellRadius: 3, rejected: []), parameters: SeparationParameters())
    #expect(smear.cells.allSatisfy { $0.fit == .failed } && smear.cells.count == 1)
  }

  @Test("A run of concave pixels across the contour's start is one run") func wrap() {
    // Two discs side by side, the contour turned so that it starts in the dent.
    var mask = PlanarMask(width: 100, height: 60, filledWith: 0)
    for y in 0..<60 {
      for x in 0..<100 {
        let (dx, dy) = (min(abs(x - 32), abs(x - 66)), y - 30)
        if dx * dx + dy * dy <= 400 { mask[x, y] = 1 }
      }
    }
    let contour = PlanarComponents(of: mask).outerContour(ofRegion: 0)
    let plain = MidpointConcavity.indices(contour: contour, mask: mask, steps: 3...10)
    #expect(plain.count == 2)
    for shift in [plain[0], plain[1]] {
      let turned = Array(contour[shift...] + contour[..<shift])
      let found = MidpointConcavity.indices(contour: turned, mask: mask, steps: 3...10)
      #expect(Set(found.map { turned[$0] }) == Set(plain.map { contour[$0] }))
    }
  }
}
