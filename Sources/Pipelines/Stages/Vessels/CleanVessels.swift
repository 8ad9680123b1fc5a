import ImageAnalysis
import ImageFiles
import Imaging

/// Removes specks from a vessel mask.
struct CleanVessels: Stage {
  static let name = "vessels.clean"
  static let summary = "Removes small components."
  static let parameters = [
    Parameter(
      "smallest_component_voxels", \CleanVessels.smallestComponent,
      "components of fewer voxels are removed (26-connected)", in: 0...1_000_000)
  ]
  static let inputs = [StageInput("mask", from: "threshold/mask.nii.gz", "the mask")]
  static let outputs = [StageOutput("vessels.nii.gz", "the vessels: 1 inside, 0 outside", role: .mask)]

  var smallestComponent = 50

  func run(_ context: StageContext) throws {
    let mask = try NIfTIFile(path: context.input("mask").path).readMask(.binary)
    try context.progress(0.3)
    let cleaned = mask.volume.removingComponents(smallerThan: smallestComponent)
    try context.progress(0.8)
    if !cleaned.voxels.contains(1) { context.warn("no vessels were found") }
    try NIfTIWriter(like: mask.header).write(
      mask: cleaned, to: context.output("vessels.nii.gz").path)
  }
}
