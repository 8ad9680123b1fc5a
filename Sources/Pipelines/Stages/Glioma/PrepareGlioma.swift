import Foundation
import Glioma
import ImageAnalysis
import ImageFiles
import Imaging

/// Reads a patient's files and brings them to the grid of the segmentation.
struct PrepareGlioma: Stage {
  enum Labels: String, ParameterChoice { case auto, gliodil, brats2021, brats2023, brats2013 }

  static let name = "glioma.prepare"
  static let summary =
    "Read segmentation, tissue and PET, check them, bring them to one grid through the affines."
  static let parameters = [
    Parameter("segmentation", \PrepareGlioma.segmentation, "tumour segmentation, instead of the folder's"),
    Parameter(
      "edema", \PrepareGlioma.edema, "oedema mask in a file of its own (oedema where the core is not)"),
    Parameter("white_matter", \PrepareGlioma.white, "white matter fraction"),
    Parameter("gray_matter", \PrepareGlioma.gray, "grey matter fraction"),
    Parameter("csf", \PrepareGlioma.csf, "fluid fraction"),
    Parameter("tissue", \PrepareGlioma.tissue, "one label map: 1 CSF, 2 grey, 3 white matter"),
    Parameter("pet", \PrepareGlioma.pet, "PET uptake"),
    Parameter("recurrence", \PrepareGlioma.recurrence, "follow-up segmentation in the same space"),
    Parameter("brain_mask", \PrepareGlioma.brain, "brain mask"),
    Parameter(
      "labels", \PrepareGlioma.labels, "meaning of the segmentation's numbers; auto detects and warns"),
    Parameter(
      "realign", \PrepareGlioma.realign, "turn tissue to the segmentation's axes and ignore its origin"),
  ]
  static let inputs = [
    StageInput("case", from: "input", "the segmentation, or the patient's folder"),
    StageInput("label", from: "label", "the recurrence", need: .optional),
  ]
  static let outputs = [
    StageOutput("segmentation.nii.gz", "regions: 1 oedema, 2 enhancing, 3 necrotic"),
    StageOutput("white_matter.nii.gz", "white matter fraction"),
    StageOutput("gray_matter.nii.gz", "grey matter fraction"),
    StageOutput("brain.nii.gz", "brain mask"),
    StageOutput("pet.nii.gz", "PET over its maximum, in oedema and enhancing core", role: .optional),
    StageOutput("recurrence.nii.gz", "the recurrence, any label", role: .optional),
  ]

  var segmentation: InputFile?
  var edema: InputFile?
  var white: InputFile?
  var gray: InputFile?
  var csf: InputFile?
  var tissue: InputFile?
  var pet: InputFile?
  var recurrence: InputFile?
  var brain: InputFile?
  var labels = Labels.auto
  var realign = false

  func run(_ context: StageContext) throws {
    let input = try context.input("case")
    var isFolder: ObjCBool = false
    _ = FileManager.default.fileExists(atPath: input.path, isDirectory: &isFolder)
    var named = [
      "segmentation": segmentation, "edema": edema, "white_matter": white, "gray_matter": gray, "csf": csf,
      "tissue": tissue, "pet": pet, "recurrence": recurrence, "brain_mask": brain,
    ].compactMapValues { $0?.url }
    if let label = context.optionalInput("label") { named["recurrence"] = label }
    var files =
      isFolder.boolValue
      ? try GliomaFolder(input, named: Set(named.keys)).files : ["segmentation": input]
    files.merge(named) { _, said in said }
    guard let path = files["segmentation"] else {
      throw PipelineError.noInput(
        "\(input.path): no segmentation found; expected a file named segm, seg or segmentation. "
          + "Name it with --set prepare.segmentation=FILE.")
    }
    func volume(_ kind: String) throws -> Volume<Float>? {
      try files[kind].map { try NIfTIFile(path: $0.path).readVolume().volume }
    }
    let image = try NIfTIFile(path: path.path).readVolume()
    var images = PatientImages(segmentation: image.volume)
    images.white = try volume("white_matter")
    images.gray = try volume("gray_matter")
    images.fluid = try volume("csf")
    images.tissue = try volume("tissue")
    images.brain = try volume("brain_mask")
    images.pet = try volume("pet")
    var convention = TumorLabelConvention(rawValue: labels.rawValue)
    if let edema = try volume("edema") {
      guard edema.shape == image.volume.shape else {
        throw GliomaError.gridMismatch(
          image: "edema", found: "\(edema.shape)", expected: "\(image.volume.shape)")
      }
      // Core numbers 1 and 4 with a mask of oedema beside them: the BraTS 2021 numbers once the mask is in.
      for cell in edema.voxels.indices where edema.voxels[cell] > 0.5 && images.segmentation.voxels[cell] == 0
      {
        images.segmentation.setVoxel(cell, 2)
      }
      convention = convention ?? .brats2021
    }
    try context.progress(0.3, "reading")
    let patient = try Patient(images, convention: convention, realigned: realign)
    for warning in patient.warnings { context.warn(warning) }
    let writer = NIfTIWriter(like: image.header)
    try writer.write(
      labels: patient.segmentation.map { Int32($0) }, to: context.output("segmentation.nii.gz").path)
    try writer.write(patient.white, to: context.output("white_matter.nii.gz").path)
    try writer.write(patient.gray, to: context.output("gray_matter.nii.gz").path)
    try writer.write(mask: patient.brain, to: context.output("brain.nii.gz").path)
    if let pet = patient.pet { try writer.write(pet, to: context.output("pet.nii.gz").path) }
    if let follow = try volume("recurrence") {
      let found = follow.resampledNearest(to: image.volume.grid, outside: 0)
      try writer.write(
        mask: found.map { $0.isFinite && $0 > 0.5 ? 1 : 0 }, to: context.output("recurrence.nii.gz").path)
    }
  }
}
