import ImageAnalysis
import Imaging

/// The images of one patient as they were read, each on its own grid.
public struct PatientImages: Sendable {
  /// The tumour segmentation, with the numbers of the file.
  public var segmentation: Volume<Float>
  /// White matter fraction, or any scale that `gray` shares.
  public var white: Volume<Float>?
  /// Grey matter fraction.
  public var gray: Volume<Float>?
  /// Fluid fraction.
  public var fluid: Volume<Float>?
  /// One label map instead: 1 CSF, 2 grey, 3 white matter.
  public var tissue: Volume<Float>?
  /// Brain mask.
  public var brain: Volume<Float>?
  /// PET uptake.
  public var pet: Volume<Float>?

  /// A patient of whom only the segmentation is known so far.
  public init(segmentation: Volume<Float>) { self.segmentation = segmentation }
}

/// A patient's images on the grid of the segmentation, checked and brought to fractions.
public struct Patient: Sendable {
  /// The tumour's regions.
  public var segmentation: TumorSegmentation
  /// White matter fraction, 0…1.
  public var white: Volume<Float>
  /// Grey matter fraction, 0…1.
  public var gray: Volume<Float>
  /// Where there is brain, fluid included.
  public var brain: Mask
  /// PET uptake over its maximum, zero outside oedema and enhancing core.
  public var pet: Volume<Float>?
  /// What the user should know.
  public var warnings: [String] = []

  /// Least share of the tumour, in %, that must lie inside the brain of the tissue maps.
  public static let requiredOverlap = 50.0

  /// A patient whose images already share a grid.
  public init(segmentation: TumorSegmentation, white: Volume<Float>, gray: Volume<Float>, brain: Mask) {
    self.segmentation = segmentation
    self.white = white
    self.gray = gray
    self.brain = brain
  }

  /// Check `images` and bring them to the segmentation's grid through the affines. Throws ``GliomaError``.
  ///
  /// With `realigned` the tissue images are only turned to the segmentation's axes and their origins ignored; their
  /// shapes must then agree. Without white and grey matter the brain mask serves as isotropic tissue.
  public init(_ images: PatientImages, convention: TumorLabelConvention?, realigned: Bool) throws(GliomaError)
  {
    let labelled = try LabelledSegmentation(images.segmentation, convention: convention)
    let grid = labelled.segmentation.grid
    var notes = labelled.warnings
    func onGrid(_ image: Volume<Float>?, _ name: String) throws(GliomaError) -> Volume<Float>? {
      guard let image else { return nil }
      let finite = try Patient.finite(image, name, &notes)
      guard realigned else { return finite.resampled(to: grid, interpolation: .linear, outside: 0) }
      var turned = finite.reoriented(to: grid.axisCodes)
      guard turned.shape == grid.shape else {
        throw .gridMismatch(image: name, found: "\(turned.shape)", expected: "\(grid.shape)")
      }
      turned.grid = grid
      return turned
    }
    func part(_ value: Float) throws(GliomaError) -> Volume<Float>? {
      try onGrid(images.tissue?.map { abs($0 - value) < 0.5 ? 1 : 0 }, "tissue")
    }
    var white = try onGrid(images.white, "white_matter")
    if white == nil { white = try part(3) }
    var gray = try onGrid(images.gray, "gray_matter")
    if gray == nil { gray = try part(2) }
    var fluid = try onGrid(images.fluid, "csf")
    if fluid == nil { fluid = try part(1) }
    let mask = try onGrid(images.brain, "brain_mask")
    if white == nil, gray == nil, let mask {
      notes.append(
        "no tissue maps: the brain mask is used as isotropic tissue, so growth ignores white and grey matter."
      )
      white = mask.map { $0 > 0.5 ? 1 : 0 }
      gray = mask.map { _ in 0 }
    }
    guard white != nil || gray != nil else { throw .noTissue }
    let blank = Volume<Float>(grid: grid, filledWith: 0)
    var (w, g) = (white ?? blank, gray ?? blank)
    // Both maps share one scale: probabilities of 0…255 and other units become fractions.
    let largest = max(w.voxels.max() ?? 0, g.voxels.max() ?? 0)
    guard largest > 0 else {
      // Tissue that exists, but elsewhere, is a matter of space, not of content.
      let sources = [images.white, images.gray, images.tissue]
      guard sources.contains(where: { $0?.voxels.contains { $0 > 0 } ?? false }) else { throw .emptyTissue }
      throw .gridsDoNotOverlap(image: "tissue maps", percent: 0, required: Patient.requiredOverlap)
    }
    if largest > 1.5 {
      w = w.map { $0 / largest }
      g = g.map { $0 / largest }
    }
    w = w.map { min(max($0, 0), 1) }
    g = g.map { min(max($0, 0), 1) }
    var inside = Mask(grid: grid, filledWith: 0)
    for cell in 0..<grid.shape.count {
      let matter = w.voxels[cell] + g.voxels[cell] + (fluid?.voxels[cell] ?? 0)
      let isBrain = mask.map { $0.voxels[cell] > 0.5 } ?? (matter > 0.1)
      inside.setVoxel(cell, isBrain ? 1 : 0)
    }
    var (tumor, covered) = (0, 0)
    for cell in 0..<grid.shape.count where labelled.segmentation.voxels[cell] > 0 {
      tumor += 1
      covered += Int(inside.voxels[cell])
    }
    let percent = 100 * Double(covered) / Double(max(tumor, 1))
    guard percent >= Patient.requiredOverlap else {
      throw .gridsDoNotOverlap(image: "tissue maps", percent: percent, required: Patient.requiredOverlap)
    }
    let share = "\((percent * 10).rounded() / 10) % of the tumour lie inside the brain of the tissue maps."
    if realigned {
      notes.append("the origins of the tissue maps were ignored; so placed, " + share)
    } else if percent < 90 {
      notes.append("only " + share)
    }
    self.init(segmentation: labelled.segmentation, white: w, gray: g, brain: inside)
    pet = try onGrid(images.pet, "pet").flatMap { Patient.preparedPET($0, labelled.segmentation, &notes) }
    warnings = notes
  }

  /// `image` with values that are not numbers set to 0; more than 1 % of them is an error.
  private static func finite(
    _ image: Volume<Float>, _ name: String, _ notes: inout [String]
  ) throws(GliomaError) -> Volume<Float> {
    let bad = image.voxels.reduce(0) { $0 + ($1.isFinite ? 0 : 1) }
    guard bad > 0 else { return image }
    guard bad * 100 <= image.voxels.count else {
      throw .notFinite(image: name, count: bad, of: image.voxels.count)
    }
    notes.append("\(name): \(bad) values that are not finite set to 0.")
    return image.map { $0.isFinite ? $0 : 0 }
  }

  /// Uptake over its maximum, kept in oedema and enhancing core (the published selection); nil where nothing remains.
  private static func preparedPET(
    _ image: Volume<Float>, _ segmentation: TumorSegmentation, _ notes: inout [String]
  ) -> Volume<Float>? {
    let largest = image.voxels.max() ?? 0
    guard largest > 0 else {
      notes.append("pet: no positive value; the PET term is left out.")
      return nil
    }
    var result = image
    for cell in 0..<image.shape.count {
      let kept = TumorRegion.takesUpTracer(segmentation.voxels[cell])
      result.setVoxel(cell, kept ? max(image.voxels[cell] / largest, 0) : 0)
    }
    return result
  }
}
