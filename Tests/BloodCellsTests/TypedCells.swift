import BloodCells
import Foundation
import Imaging

/// Labelled cells of drawn smears: type 0 round, type 1 long; one slide a smear.
func drawnSamples(smears: Int, seed: UInt64) throws -> [CellSample] {
  try (0..<smears).flatMap { index -> [CellSample] in
    var recipe = SyntheticSmearRecipe()
    recipe.size = [240, 200]
    (recipe.singleCells, recipe.clumps, recipe.platelets) = (10, 0, 0)
    recipe.axisRatio = 1.8
    let drawn = SyntheticSmear(recipe: recipe, seed: seed, index: index)
    let smear = SeparatedSmear(
      cells: drawn.cells, labels: drawn.labels, concavePoints: [], rejected: [])
    let inputs = smear.portraits(
      of: Array(drawn.cells.indices), in: try BalancedSmear(drawn.image), reference: 40)
    return zip(drawn.cells, inputs).map { cell, input in
      CellSample(
        input: input, type: cell.ellipse.axisRatio > 1.35 ? 1 : 0, source: "smear \(index)",
        slide: "slide \(index)")
    }
  }
}

/// A design for two types.
func smallDesign(width: Int = 4) -> CellClassifier.Design {
  CellClassifier.Design(
    network: .small(width: width), types: ["round", "long"], temperature: 1, referenceDiameter: 40,
    diameters: [36, 44], views: 1, notes: ["made by": "a test"])
}

/// A place of its own for a file; who makes the file removes it.
func temporary(_ name: String) -> URL {
  FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString)-\(name)")
}
