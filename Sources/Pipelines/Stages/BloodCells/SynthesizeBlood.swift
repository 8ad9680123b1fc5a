import BloodCells
import Files
import Foundation
import ImageFiles

/// Synthetic smears with exact truth.
struct SynthesizeBlood: Synthesis {
  static let name = "blood"
  static let summary = "Smears of drawn red cells, overlapping in clumps, with ids and ellipses."
  static let parameters = [
    Parameter("size", \SynthesizeBlood.size, "pixels along x and y"),
    Parameter("single_cells", \SynthesizeBlood.singleCells, "cells lying alone", in: 0...20_000),
    Parameter("clumps", \SynthesizeBlood.clumps, "groups of overlapping cells", in: 0...10_000),
    Parameter("cells_per_clump", \SynthesizeBlood.cellsPerClump, "the fewest and the most cells of a group"),
    Parameter("radius", \SynthesizeBlood.radius, "the radius of an average cell, in pixels", in: 4...300),
    Parameter("noise", \SynthesizeBlood.noise, "standard deviation of the noise, in grey levels", in: 0...60),
    Parameter(
      "shading", \SynthesizeBlood.shading, "fall of the light across the image, as a share", in: 0...0.8),
  ]

  var size = [640, 480]
  var singleCells = SyntheticSmearRecipe().singleCells
  var clumps = SyntheticSmearRecipe().clumps
  var cellsPerClump = [2, 3]
  var radius = SyntheticSmearRecipe().radius
  var noise = SyntheticSmearRecipe().noise
  var shading = SyntheticSmearRecipe().shading

  func validate() throws {
    guard size.count == 2, size.allSatisfy({ (32...12_000).contains($0) }) else {
      throw WrongValue(found: size.json.plainText, expected: "size: two numbers from 32 to 12000")
    }
    guard cellsPerClump.count == 2, cellsPerClump[0] >= 2, cellsPerClump[0] <= cellsPerClump[1],
      cellsPerClump[1] <= 8
    else {
      throw WrongValue(
        found: cellsPerClump.json.plainText, expected: "cells_per_clump: two rising numbers from 2 to 8")
    }
  }

  func write(index: Int, seed: UInt64, into folder: URL) throws -> [URL] {
    var recipe = SyntheticSmearRecipe()
    recipe.size = [size[0], size[1]]
    recipe.singleCells = singleCells
    recipe.clumps = clumps
    recipe.cellsPerClump = cellsPerClump[0]...cellsPerClump[1]
    recipe.radius = radius
    recipe.noise = noise
    recipe.shading = shading
    let smear = SyntheticSmear(recipe: recipe, seed: seed, index: index)
    let id = "blood_" + String(repeating: "0", count: max(0, 3 - String(index).count)) + "\(index)"
    let files = [("images", "png"), ("labels", "png"), ("cells", "csv")].map {
      folder.appendingPathComponent($0.0).appendingPathComponent("\(id).\($0.1)")
    }
    for url in files { try makeFolder(url.deletingLastPathComponent()) }
    try PNGWriter().write(smear.image, to: files[0].path)
    try PNGWriter().write(smear.labels, to: files[1].path)
    try AtomicFile.write(Data(CellTable.text(smear.cells).utf8), to: files[2].path)
    return files
  }
}
