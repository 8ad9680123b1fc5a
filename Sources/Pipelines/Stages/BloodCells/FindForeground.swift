import BloodCells
import Foundation
import ImageFiles
import Imaging
import Reports

/// Finds what stands out from the slide, and the size of the image's cells.
struct FindForeground: Stage {
  static let name = "blood.foreground"
  static let summary =
    "Parts cells from background, finds their size, takes out needles, scale bars and white cells."
  static let parameters = [
    Parameter(
      "threshold_share", \FindForeground.thresholdShare,
      "where between the background's and the cells' brightness the threshold lies", in: 0.1...0.9),
    Parameter(
      "cell_radius", \FindForeground.cellRadius,
      "radius of a typical cell in pixels; found from the image where not given", in: 0...1000),
  ]
  static let inputs = [StageInput("balanced", from: "prepare/balanced.png", "the balanced smear")]
  static let outputs = [
    StageOutput("mask.png", "0 background, 255 cell, 170 pale centre, 85 foreign object"),
    StageOutput("foreground.json", "cell radius and what was taken out"),
  ]

  var thresholdShare = ForegroundParameters().thresholdShare
  var cellRadius = 0.0

  func run(_ context: StageContext) throws {
    let image = try RasterFile.read(path: context.input("balanced").path).rgb
    var parameters = ForegroundParameters()
    parameters.thresholdShare = thresholdShare
    var foreground = SmearForeground(of: BalancedSmear(balanced: image), parameters: parameters)
    if cellRadius > 0 { foreground.cellRadius = cellRadius }
    if foreground.cellRadius == nil { context.warn("nothing in the image looks like a cell") }
    try PNGWriter().write(
      foreground.mask.map { ForegroundFile.gray(of: $0) }, to: context.output("mask.png").path)
    let record = ForegroundFile.Record(cellRadius: foreground.cellRadius, rejected: foreground.rejected)
    try JSONText.encode(record).write(to: context.output("foreground.json"))
  }
}

/// The foreground as files.
enum ForegroundFile {
  struct Record: Codable {
    let cellRadius: Double?
    let rejected: [SeparatedSmear.Rejected]
  }

  static func gray(of value: UInt8) -> UInt8 {
    switch value {
    case SmearForeground.Value.cell: 255
    case SmearForeground.Value.pale: 170
    case SmearForeground.Value.foreign: 85
    default: 0
    }
  }

  static func read(mask: URL, record: URL) throws -> SmearForeground {
    guard case .gray8(let plane) = try RasterFile.read(path: mask.path).pixels else {
      throw PipelineError.badData(
        "\(mask.path): not the grey mask of the stage foreground. Run that stage again.")
    }
    let values = plane.map { gray -> UInt8 in
      switch gray {
      case 255: SmearForeground.Value.cell
      case 170: SmearForeground.Value.pale
      case 85: SmearForeground.Value.foreign
      default: SmearForeground.Value.background
      }
    }
    let found = try JSONText.decode(Record.self, from: Data(contentsOf: record))
    return SmearForeground(mask: values, cellRadius: found.cellRadius, rejected: found.rejected)
  }
}
