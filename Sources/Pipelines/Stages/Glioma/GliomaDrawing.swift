import Foundation
import Glioma
import ImageFiles
import Imaging
import Reports

/// Slices of a patient with density in colour, its isolines and contours of plans.
struct GliomaDrawing {
  /// The densities whose isolines are drawn, with their colours.
  static let isolines: [(density: Float, color: SIMD3<UInt8>)] = [
    (0.01, [0, 150, 136]), (0.1, [0, 229, 255]), (0.5, [150, 255, 120]),
  ]

  let patient: Patient
  let density: Volume<Float>

  /// Three slices across the third axis, through the middle of the tumour and a quarter of its height to either side.
  func figures(
    standard: Volume<Float>, model: Volume<Float>, recurrence: Volume<Float>?
  ) throws -> [Figure] {
    let shape = density.shape
    let tumor = (0..<shape.z).filter { k in
      (0..<shape.x * shape.y).contains { patient.segmentation.voxels[$0 + k * shape.x * shape.y] > 0 }
    }
    guard let first = tumor.first, let last = tumor.last else { return [] }
    let frame = brainFrame()
    return try [1, 2, 3].map { quarter in
      let k = first + (last - first) * quarter / 4
      var image = RGBImage(width: frame.x.count, height: frame.y.count, color: .zero)
      let core = patient.segmentation.map { $0 >= TumorRegion.enhancing.rawValue ? Float(1) : 0 }
      for j in frame.y {
        for i in frame.x {
          let cell = shape.index(i, j, k)
          let tissue = 0.75 * patient.white.voxels[cell] + 0.4 * patient.gray.voxels[cell]
          var color = heat(density.voxels[cell], over: tissue)
          for line in GliomaDrawing.isolines where isEdge(density, i, j, k, above: line.density) {
            color = line.color
          }
          if isEdge(core, i, j, k) { color = [255, 220, 0] }
          if isEdge(standard, i, j, k) { color = [40, 120, 255] }
          if isEdge(model, i, j, k) { color = [255, 255, 255] }
          if let recurrence, isEdge(recurrence, i, j, k) { color = [255, 0, 255] }
          image[i - frame.x.lowerBound, frame.y.upperBound - 1 - j] = color
        }
      }
      return Figure(try encoded(image, scale: 3), caption: "slice \(k)")
    }
  }

  /// The columns and rows that hold brain, with a rim.
  private func brainFrame() -> (x: Range<Int>, y: Range<Int>) {
    let shape = density.shape
    var (lower, upper) = (SIMD2(shape.x, shape.y), SIMD2(0, 0))
    for k in 0..<shape.z {
      for j in 0..<shape.y {
        for i in 0..<shape.x where patient.brain.voxels[shape.index(i, j, k)] > 0 {
          lower = SIMD2(min(lower.x, i), min(lower.y, j))
          upper = SIMD2(max(upper.x, i + 1), max(upper.y, j + 1))
        }
      }
    }
    guard upper.x > lower.x else { return (0..<shape.x, 0..<shape.y) }
    let rim = 4
    return (
      max(lower.x - rim, 0)..<min(upper.x + rim, shape.x), max(lower.y - rim, 0)..<min(upper.y + rim, shape.y)
    )
  }

  /// The snapshots of the growth side by side, at the height where the last one is densest.
  func strip(_ growth: Volume<Float>) throws -> Figure {
    let side = growth.shape.x
    let count = max(growth.shape.z / side, 1)
    let plane = side * growth.shape.y
    let sums = (0..<side).map { k in
      growth.voxels[((count - 1) * side + k) * plane..<((count - 1) * side + k + 1) * plane].reduce(0, +)
    }
    let height = sums.indices.max { sums[$0] < sums[$1] } ?? 0
    var image = RGBImage(width: side * count, height: growth.shape.y, color: .zero)
    for snapshot in 0..<count {
      for j in 0..<growth.shape.y {
        for i in 0..<side {
          image[snapshot * side + i, growth.shape.y - 1 - j] = heat(
            growth[i, j, snapshot * side + height], over: 0.15)
        }
      }
    }
    return Figure(try encoded(image, scale: 3), caption: "from the first to the last time slice")
  }

  private func isEdge(
    _ mask: Volume<Float>, _ i: Int, _ j: Int, _ k: Int, above level: Float = 0.5
  ) -> Bool {
    guard mask[i, j, k] >= level else { return false }
    let shape = mask.shape
    return [(1, 0), (-1, 0), (0, 1), (0, -1)].contains { di, dj in
      !shape.contains(i + di, j + dj, k) || mask[i + di, j + dj, k] < level
    }
  }

  /// Grey tissue under a colour that runs from dark red through orange to yellow above 1 %.
  private func heat(_ density: Float, over tissue: Float) -> SIMD3<UInt8> {
    let gray = SIMD3<Float>(repeating: min(max(tissue, 0), 1))
    guard density > 0.01 else { return SIMD3<UInt8>(255 * gray, rounding: .down) }
    let u = min(max(density, 0), 1)
    let color = SIMD3<Float>(min(0.35 + u, 1), min(max(1.4 * u - 0.3, 0), 1), 0.1 * u)
    let weight = min(0.25 + u, 0.85)
    return SIMD3<UInt8>(255 * (gray * (1 - weight) + color * weight), rounding: .down)
  }

  private func encoded(_ image: RGBImage, scale: Int) throws -> EncodedImage {
    var large = RGBImage(width: image.width * scale, height: image.height * scale, color: .zero)
    for y in 0..<large.height { for x in 0..<large.width { large[x, y] = image[x / scale, y / scale] } }
    let data = Data(try PNGWriter().encode(large))
    return EncodedImage(.png, data: data, width: large.width, height: large.height)
  }
}
