import BloodCells
import Foundation
import ImageAnalysis
import Imaging
import Numerics
import Testing

@Suite("Images that are no ordinary smears") struct OddImageTests {
  @Test("Only clumps: every cell found is a sound one, at least one a clump") func onlyClumps() throws {
    var recipe = SyntheticSmearRecipe()
    (recipe.singleCells, recipe.clumps, recipe.platelets) = (0, 16, 0)
    let drawn = SyntheticSmear(recipe: recipe, seed: 31, index: 0)
    let found = try SmearSeparator(preset: .best)(drawn.image)
    #expect(found.cells.count >= recipe.clumps && found.cells.count <= drawn.cells.count * 6 / 5)
    #expect(found.cells.allSatisfy { $0.ellipse.semiAxes.x.isFinite && $0.ellipse.semiAxes.y > 0 })
    #expect(found.cells.reduce(0) { $0 + $1.area } < drawn.image.width * drawn.image.height / 2)
  }

  @Test("Only cells that the border cuts give cells or none, but end") func onlyBorder() throws {
    var image = RGBImage(width: 200, height: 160, color: [224, 226, 228])
    for center in [SIMD2(0.0, 40), [199, 90], [80, 0], [120, 159]] {
      let cell = Ellipse(center: center, semiAxes: [18, 18], angle: 0)
      for y in 0..<160 {
        for x in 0..<200 where cell.normalizedRadius([Double(x), Double(y)]) <= 1 {
          image[x, y] = [190, 120, 120]
        }
      }
    }
    if let found = try? SmearSeparator(preset: .best)(image) {
      #expect(found.cells.allSatisfy { $0.touchesBorder } && found.cells.count <= 4)
    }
  }

  @Test("Bright cells on a dark field are refused or found to be none, never invented")
  func darkField() {
    let smear = SyntheticSmear(recipe: SyntheticSmearRecipe(), seed: 32, index: 0)
    var dark = smear.image
    for i in dark.samples.indices { dark.samples[i] = 255 - dark.samples[i] }
    if let found = try? SmearSeparator(preset: .best)(dark) {
      #expect(found.cells.count <= smear.cells.count / 4, "\(found.cells.count) cells")
    }
  }

  @Test(
    "A picture of texture and edges is refused or gives sound ellipses, but ends",
    arguments: [1, 2, 3] as [UInt64])
  func photograph(seed: UInt64) {
    // Sums of waves and straight edges, as in photographs of rooms and landscapes.
    var stream = RandomStream(seed: seed, purpose: "photograph")
    let waves = (0..<12).map { _ in
      (
        direction: SIMD2(stream.uniform(-0.3...0.3), stream.uniform(-0.3...0.3)), phase: stream.uniform(),
        edge: stream.chance(0.4)
      )
    }
    var image = RGBImage(width: 320, height: 240, color: .zero)
    for y in 0..<240 {
      for x in 0..<320 {
        var value: Float = 128
        for wave in waves {
          let t = sin((wave.direction * SIMD2(Float(x), Float(y))).sum() + 6 * wave.phase)
          value += 14 * (wave.edge ? (t > 0 ? 1 : -1) : t)
        }
        let level = UInt8(min(255, max(0, value)))
        image[x, y] = [level, UInt8(min(255, max(0, value * 0.9))), level / 2]
      }
    }
    if let found = try? SmearSeparator(preset: .best)(image) {
      let covered = found.cells.reduce(0) { $0 + $1.area }
      #expect(covered < 320 * 240 && found.cells.count < 320 * 240 / 60)
      #expect(found.cells.allSatisfy { $0.ellipse.semiAxes.x.isFinite && $0.ellipse.semiAxes.y > 0 })
    }
  }

  @Test("A field full of cells, shoulder to shoulder, ends") func crowded() throws {
    var image = RGBImage(width: 400, height: 400, color: [224, 224, 224])
    for row in 0..<12 {
      for column in 0..<12 {
        let cell = Ellipse(
          center: [20 + 32 * Double(column), 20 + 32 * Double(row)], semiAxes: [18, 17], angle: 0)
        for y in cell.rows where y >= 0 && y < 400 {
          for x in cell.columns(inRow: y) ?? 0...0 where x >= 0 && x < 400 { image[x, y] = [180, 110, 115] }
        }
      }
    }
    if let found = try? SmearSeparator(preset: .best)(image) {
      #expect(found.cells.count + found.rejected.count > 0)
    }
  }
}
