import Foundation
import Glioma
import Imaging
import Testing

@Suite("Glioma inputs")
struct InputTests {
  static let grid = VoxelGrid(shape: VoxelShape(24, 24, 20), affine: Affine(spacing: [2, 2, 3]))

  static func image(_ body: (Int, Int, Int) -> Float) -> Volume<Float> {
    var volume = Volume<Float>(grid: grid, filledWith: 0)
    for k in 0..<20 { for j in 0..<24 { for i in 0..<24 { volume[i, j, k] = body(i, j, k) } } }
    return volume
  }

  static let segmentation = image { i, j, k in
    (8..<14).contains(i) && (8..<14).contains(j) && (7..<12).contains(k)
      ? ((9..<13).contains(i) && (9..<13).contains(j) && (8..<11).contains(k) ? 4 : 3) : 0
  }
  static let brain = image { i, j, k in
    (2..<22).contains(i) && (2..<22).contains(j) && (2..<18).contains(k) ? 1 : 0
  }

  @Test(
    "Labels are recognised by their numbers",
    arguments: [
      ([1, 3, 4], TumorLabelConvention.gliodil), ([1, 2, 4], .brats2021), ([1, 2, 3], .brats2023),
      ([1, 2, 3, 4], .brats2013), ([1, 2], .brats2021), ([3, 4], .gliodil),
    ])
  func detection(values: [Int], expected: TumorLabelConvention) {
    #expect(TumorLabelConvention.detect(Set(values)) == expected)
  }

  @Test("Unknown labels are refused with their list, stray ones dropped with a warning")
  func labels() throws {
    var strange = Self.segmentation
    for cell in 0..<200 { strange.setVoxel(cell, 7) }
    #expect(throws: GliomaError.unknownLabels(found: [7], convention: "gliodil")) {
      try LabelledSegmentation(strange, convention: .gliodil)
    }
    var fraction = Self.segmentation
    fraction.setVoxel(0, 0.5)
    #expect(throws: GliomaError.self) { try LabelledSegmentation(fraction, convention: nil) }
    let empty = Volume<Float>(grid: Self.grid, filledWith: 0)
    #expect(throws: GliomaError.noTumor) { try LabelledSegmentation(empty, convention: nil) }
    let read = try LabelledSegmentation(Self.segmentation.map { $0 * 0.996 }, convention: nil)
    #expect(read.convention == .gliodil && read.segmentation[10, 10, 9] == TumorRegion.necrotic.rawValue)
  }

  @Test("Images in another space are refused with the overlap; a brain mask alone will do")
  func overlap() throws {
    var images = PatientImages(segmentation: Self.segmentation)
    #expect(throws: GliomaError.noTissue) { try Patient(images, convention: nil, realigned: false) }
    var far = Self.brain
    far.grid.affine = Affine(spacing: [2, 2, 3], origin: [500, 0, 0])
    images.white = far
    #expect(throws: GliomaError.gridsDoNotOverlap(image: "tissue maps", percent: 0, required: 50)) {
      try Patient(images, convention: nil, realigned: false)
    }
    let turned = try Patient(images, convention: nil, realigned: true)
    #expect(turned.white[10, 10, 9] == 1)
    #expect(turned.warnings.contains { $0.contains("origins") && $0.contains("100.0 %") })
    images.white = nil
    images.brain = Self.brain
    let patient = try Patient(images, convention: nil, realigned: false)
    #expect(
      patient.warnings.contains { $0.contains("isotropic") } && patient.gray.voxels.allSatisfy { $0 == 0 })
    images.brain = nil
    images.white = Volume(grid: Self.grid, filledWith: 0)
    #expect(throws: GliomaError.emptyTissue) { try Patient(images, convention: nil, realigned: false) }
    // A tumour beside the brain of the same space.
    images.white = Self.image { i, _, _ in i < 4 ? 1 : 0 }
    #expect(throws: GliomaError.gridsDoNotOverlap(image: "tissue maps", percent: 0, required: 50)) {
      try Patient(images, convention: nil, realigned: false)
    }
  }

  @Test("A few NaN in PET become zero with a warning, many are refused")
  func pet() throws {
    var images = PatientImages(segmentation: Self.segmentation)
    images.white = Self.brain
    var pet = Self.segmentation
    pet.setVoxel(5, .nan)
    images.pet = pet
    let patient = try Patient(images, convention: .gliodil, realigned: false)
    #expect(patient.warnings.contains { $0.hasPrefix("pet") } && patient.pet?.voxels[5] == 0)
    #expect(patient.pet?[8, 8, 8] == 0.75 && patient.pet?[10, 10, 9] == 0)
    images.pet = pet.map { _ in .nan }
    #expect(throws: GliomaError.self) { try Patient(images, convention: .gliodil, realigned: false) }
  }

  @Test("PET counts where all within its resolution takes up tracer, and no more than the intervals")
  func petResolution() throws {
    // Oedema of 20 voxels of 2 mm with a necrotic block in the middle.
    let grid = VoxelGrid(shape: VoxelShape(32, 32, 32), affine: Affine(spacing: [2, 2, 2]))
    func image(_ value: (SIMD3<Int>) -> Float) -> Volume<Float> {
      var volume = Volume<Float>(grid: grid, filledWith: 0)
      for k in 0..<32 { for j in 0..<32 { for i in 0..<32 { volume[i, j, k] = value([i, j, k]) } } }
      return volume
    }
    func inBox(_ p: SIMD3<Int>, _ box: Range<Int>) -> Bool { (0..<3).allSatisfy { box.contains(p[$0]) } }
    var images = PatientImages(segmentation: image { inBox($0, 14..<18) ? 4 : inBox($0, 6..<26) ? 3 : 0 })
    images.white = image { _ in 1 }
    images.pet = image { _ in 1 }
    let cut = PatientGrid(try Patient(images, convention: .gliodil, realigned: false), slices: 8, count: 40)
    let problem = cut.problem
    #expect(problem.weights.pet == problem.weights.data && problem.weights.data == 12)
    let setup = GliomaSetup(
      try Patient(images, convention: .gliodil, realigned: false), scheme: .correct, slices: 8, cells: 40,
      petWeight: 45)
    #expect(setup.problem.weights.pet == 45 && setup.problem.weights.data == 12)
    // The box spans 80 mm from −8 mm: cells of 2 mm on the voxels, cell n on voxel n − 4.
    let pet = try #require(problem.observation.pet)
    func line(_ n: Int) -> Float { pet[problem.grid.shape.index(n + 4, 7 + 4, 16 + 4)] }
    #expect((0..<32).allSatisfy { line($0) == 0 }, "a voxel from the border")
    func middle(_ n: Int) -> Float { pet[problem.grid.shape.index(n + 4, 16 + 4, 16 + 4)] }
    #expect(
      (0..<32).filter { middle($0) > 0 } == [8, 9, 10, 11, 20, 21, 22, 23])
  }

  @Test("The grid has cubic cells in mm, the labels' volume and room for the margin")
  func grid() throws {
    var images = PatientImages(segmentation: Self.segmentation)
    images.white = Self.brain
    let patient = try Patient(images, convention: nil, realigned: false)
    let cut = PatientGrid(patient, slices: 16, count: 32)
    let h = cut.problem.grid.spacing.x
    #expect(abs(32 * h - (15 + 40)) < 1e-9)
    // A box of 12 × 12 × 15 mm: along each axis, rounding to cells costs less than one at each end.
    let shape = cut.problem.grid.shape
    for (axis, extent) in [12.0, 12, 15].enumerated() {
      let line = (0..<32).filter { n in
        var p = SIMD3(16, 16, 16)
        p[axis] = n
        return cut.problem.observation.labels[shape.index(p.x, p.y, p.z)] > 0
      }
      #expect(abs(Double(line.count) - extent / h) < 1, "axis \(axis): \(line.count) cells")
      #expect(line.count == (line.last ?? 0) - (line.first ?? 0) + 1)
    }
    #expect(cut.components.count == 1)
    let world = cut.cells.affine(cut.components[0] / h - 0.5)
    #expect((world - SIMD3(21, 21, 27)).indices.allSatisfy { abs((world - SIMD3(21, 21, 27))[$0]) < h })
    let density = cut.density(
      (0..<32 * 32 * 32).map { cut.problem.tissue.isMatter($0) ? 0.5 : 9 }, brain: patient.brain)
    #expect(density[10, 10, 9] == 0.5 && density[0, 0, 0] == 0)
    #expect(density.voxels.allSatisfy { $0 == 0 || abs($0 - 0.5) < 1e-6 })
  }

  @Test("Tumours without core, without oedema and at the border of the image give defined problems")
  func oddTumors() throws {
    for (label, corner) in [(Float(3), 8), (4, 8), (4, 0)] {
      let mask = Self.image { i, j, k in
        (corner..<corner + 5).contains(i) && (corner..<corner + 5).contains(j)
          && (corner..<corner + 5).contains(k)
          ? label : 0
      }
      var images = PatientImages(segmentation: mask)
      images.white = Self.image { _, _, _ in 1 }
      let cut = PatientGrid(
        try Patient(images, convention: .gliodil, realigned: false), slices: 16, count: 16)
      var solver = GaussNewtonSolver()
      solver.coarseSteps = 3
      solver.stopping.outerSteps = 1
      solver.stopping.innerIterations = 3
      let solution = try solver.solve(cut.problem, components: cut.components, core: cut.coreCells)
      #expect(solution.terms.total.isFinite && solution.density.allSatisfy(\.isFinite))
    }
  }
}
