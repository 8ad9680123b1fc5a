import Foundation
import Glioma
import ImageFiles
import Imaging
import TestSupport
import Testing

@Suite("Radiotherapy plans")
struct PlanningTests {
  @Test("The model plan has the standard plan's volume and follows the density")
  func volumes() {
    let grid = VoxelGrid(shape: VoxelShape(40, 40, 40), affine: Affine(spacing: [2, 2, 2]))
    var segmentation = TumorSegmentation(grid: grid, filledWith: 0)
    for k in 18..<22 { for j in 18..<22 { for i in 18..<22 { segmentation[i, j, k] = 3 } } }
    let tissue = Volume<Float>(grid: grid, filledWith: 1)
    let patient = Patient(
      segmentation: segmentation, white: tissue, gray: tissue.map { _ in 0 },
      brain: Mask(grid: grid, filledWith: 1))
    var density = Volume<Float>(grid: grid, filledWith: 0)
    for k in 0..<40 { for j in 0..<40 { for i in 0..<40 { density[i, j, k] = i >= 20 ? Float(i) / 40 : 0 } } }
    let plan = RadiotherapyPlan(patient, density: density, margin: 10)
    let count = plan.standard.voxels.reduce(0) { $0 + Int($1) }
    #expect(plan.model.voxels.reduce(0) { $0 + Int($1) } == count)
    // 10 mm around a box of 8 mm: 6³ … all voxels within 5 voxels of it.
    #expect(plan.standard[23 + 3, 20, 20] == 1 && plan.standard[21 + 5, 20, 20] == 1)
    #expect(plan.standard[21 + 6, 20, 20] == 0)
    #expect(plan.model[39, 20, 20] == 1 && plan.model[5, 20, 20] == 0)
    // Without density the ranking is by distance: the plans differ only in ties of the last shell.
    let flat = RadiotherapyPlan(patient, density: density.map { _ in 0 }, margin: 10)
    #expect(flat.model.voxels == flat.standard.voxels)
    let whole = RecurrenceCoverage(plan: plan.standard, recurrence: plan.standard)
    #expect(whole.coverage == 1 && whole.iou == 1)
    #expect(RecurrenceCoverage(plan: plan.standard, recurrence: plan.standard.map { _ in 0 }).coverage == 1)
  }

  @Test("Geodesic distance goes around a wall and equals the axis distance without one")
  func geodesic() {
    let grid = VoxelGrid(shape: VoxelShape(21, 21, 3))
    var source = Mask(grid: grid, filledWith: 0)
    source[2, 10, 1] = 1
    var open = Mask(grid: grid, filledWith: 1)
    #expect(abs(GeodesicDistance.from(source, inside: open, limit: 100)[18, 10, 1] - 16) < 1e-4)
    for k in 0..<3 { for j in 0..<20 { open[10, j, k] = 0 } }
    let around = GeodesicDistance.from(source, inside: open, limit: 100)[18, 10, 1]
    // Over the end of the wall at (10, 20): two straight pieces of √(8² + 10²).
    #expect(abs(Double(around) - 2 * (164.0).squareRoot()) < 2.5)
    #expect(GeodesicDistance.from(source, inside: open, limit: 10)[18, 10, 1] == .infinity)
  }

  @Test("The standard plan of patient 001 is the shipped one, voxel for voxel")
  func patient001() throws {
    guard let folder = realData?.appendingPathComponent("glioma/patient001") else {
      print("MALPIGHI_REAL_DATA is not set: the plan of patient 001 is not checked")
      return
    }
    func volume(_ name: String) throws -> Volume<Float> {
      try NIfTIFile(path: folder.appendingPathComponent(name).path).readVolume().volume
    }
    let read = try LabelledSegmentation(try volume("segm.nii.gz"), convention: .gliodil)
    let tissue = try volume("brainMask.nii.gz")
    let patient = Patient(
      segmentation: read.segmentation, white: tissue, gray: tissue.map { _ in 0 },
      brain: tissue.map { $0 > 0.5 ? 1 : 0 })
    let plan = RadiotherapyPlan(patient, density: tissue.map { _ in 0 }, margin: 15)
    let shipped = try volume("standardPlan.nii.gz")
    #expect(plan.standard.voxels.reduce(0) { $0 + Int($1) } == 350_794)
    #expect(zip(plan.standard.voxels, shipped.voxels).allSatisfy { ($0 > 0) == ($1 > 0.5) })
    let recurrence = try volume("segm_rec.nii.gz").map { UInt8($0 > 0.5 ? 1 : 0) }
    let score = RecurrenceCoverage(plan: plan.standard, recurrence: recurrence)
    #expect(score.coverage == 1 && abs(score.iou - 0.0086) < 5e-5)
  }
}
