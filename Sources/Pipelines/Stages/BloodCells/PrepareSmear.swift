import BloodCells
import Foundation
import ImageFiles
import Imaging

/// Reads a smear and evens out its background.
struct PrepareSmear: Stage {
  static let name = "blood.prepare"
  static let summary = "Reads a PNG or JPEG smear and divides out colour and shading of the slide."
  static let inputs = [StageInput("image", from: "input", "the smear, PNG or JPEG")]
  static let outputs = [
    StageOutput("image.png", "the smear as read, 8-bit RGB"),
    StageOutput("balanced.png", "the smear with an even, neutral background"),
  ]

  func run(_ context: StageContext) throws {
    let picture = try RasterFile.read(path: context.input("image").path)
    for finding in picture.findings { context.warn(finding.message) }
    let image = picture.rgb
    try context.progress(0.3)
    let balanced = try BalancedSmear(image)
    try PNGWriter().write(image, to: context.output("image.png").path)
    try context.progress(0.7)
    try PNGWriter().write(balanced.image, to: context.output("balanced.png").path)
  }
}
