import Foundation
import Imaging

/// A brain drawn by formulas: an ellipsoid of white matter under a folded cortex, two ventricles, fluid around and a falx.
public enum BrainPhantom {
  /// White and grey matter and fluid of a phantom of `shape` voxels of `spacing` mm; the brain fills it up to a rim.
  public static func tissue(shape: VoxelShape, spacing: Double) -> (
    white: Volume<Float>, gray: Volume<Float>, fluid: Volume<Float>
  ) {
    let grid = VoxelGrid(
      shape: shape,
      affine: Affine(
        spacing: [spacing, spacing, spacing],
        origin: SIMD3(Double(shape.x - 1), Double(shape.y - 1), Double(shape.z - 1)) * (-spacing / 2)))
    var white = Volume<Float>(grid: grid, filledWith: 0)
    var gray = white
    var fluid = white
    func step(_ x: Double, _ width: Double) -> Double { 1 / (1 + exp(-x / width)) }
    forEachCell(shape) { cell, p in
      func unit(_ axis: Int) -> Double { 2 * (Double(p[axis]) + 0.5) / Double(shape[axis]) - 1 }
      let (x, y, z) = (unit(0), unit(1), unit(2))
      let radius = (x * x + y * y + z * z).squareRoot()
      let (azimuth, height) = (atan2(y, x), radius > 0 ? z / radius : 0)
      // Gyri and sulci: the cortex's outer and inner surfaces wave with the direction.
      let folds = 0.03 * sin(9 * azimuth + 2) * cos(7 * height) + 0.02 * sin(15 * height + 3 * azimuth)
      let skull = step(0.93 - radius, 0.01)
      let brain = step(0.86 + folds - radius, 0.012)
      var core = step(0.72 + 1.6 * folds - radius, 0.015)
      let side = x >= 0 ? 1.0 : -1.0
      let ventricle = pow((x - side * 0.14) / 0.08, 2) + pow(y / 0.32, 2) + pow((z - 0.08) / 0.16, 2)
      let water = step(1 - ventricle, 0.1)
      // Deep grey nuclei beside the ventricles.
      let nucleus = pow((x - side * 0.30) / 0.10, 2) + pow((y - 0.02) / 0.2, 2) + pow((z + 0.02) / 0.14, 2)
      core *= 1 - 0.85 * step(1 - nucleus, 0.15)
      // The falx parts the hemispheres above the corpus callosum.
      let falx = z > 0.3 ? exp(-pow(x / 0.02, 2)) : 0
      let solid = brain * (1 - water) * (1 - falx)
      white.setVoxel(cell, Float(solid * core))
      gray.setVoxel(cell, Float(solid * (1 - core)))
      fluid.setVoxel(cell, Float(max(skull - solid, 0)))
    }
    return (white, gray, fluid)
  }
}
