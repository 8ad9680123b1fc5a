import BloodCells
import Foundation
import Imaging
import Reports

/// Pictures of typed cells: the overlay and the gallery.
struct CellPictures {
  let image: RGBImage
  let cells: [(cell: SmearCell, type: String, probability: Double)]
  /// The names of the types, in the order of their colours.
  let types: [String]

  /// The smear with every ellipse in the colour of its type.
  func overlay() -> RGBImage {
    let thickness = max(1.2, Double(max(image.width, image.height)) / 800)
    let type = Dictionary(cells.map { ($0.cell.id, $0.type) }) { first, _ in first }
    return CellOverlay.draw(cells.map(\.cell), over: image, thickness: thickness) {
      color(of: type[$0.id] ?? "").rgb
    }
  }

  /// The colours of the types that occur, with their counts.
  func legend() -> [LegendEntry] {
    let counts = Dictionary(grouping: cells, by: \.type).mapValues(\.count)
    return types.compactMap { type in
      counts[type].map { LegendEntry(color(of: type), "\(type) (\($0))") }
    }
  }

  /// For each type that occurs its most certain cells side by side, all at one scale.
  func gallery(perType: Int) throws -> [(type: String, count: Int, picture: RGBImage)] {
    // A tile shows the largest cell that is not cut, with a little of its surroundings.
    let reach = cells.filter { !$0.cell.touchesBorder }.map { $0.cell.ellipse.semiAxes.x }.sorted()
    guard !reach.isEmpty else { return [] }
    let half = max(8, Int((1.5 * reach[reach.count * 9 / 10]).rounded(.up)))
    let step = max(1, half / 40)
    let side = 2 * half / step
    return types.compactMap { type in
      let chosen = cells.filter { $0.type == type && !$0.cell.touchesBorder }
        .sorted { ($1.probability, $0.cell.id) < ($0.probability, $1.cell.id) }.prefix(perType)
      guard !chosen.isEmpty else { return nil }
      var strip = RGBImage(width: chosen.count * (side + 2), height: side, color: [255, 255, 255])
      for (index, entry) in chosen.enumerated() {
        let center = entry.cell.ellipse.center
        for y in 0..<side {
          for x in 0..<side {
            let (ix, iy) = (Int(center.x) - half + x * step, Int(center.y) - half + y * step)
            guard ix >= 0, iy >= 0, ix < image.width, iy < image.height else { continue }
            strip[index * (side + 2) + x, y] = image[ix, iy]
          }
        }
      }
      return (type, chosen.count, strip)
    }
  }

  /// The colour of a type; colours repeat beyond those of the palette.
  private func color(of type: String) -> PaletteColor {
    let palette = PaletteColor.allCases
    return palette[(types.firstIndex(of: type) ?? 0) % palette.count]
  }
}
