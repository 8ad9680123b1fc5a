import Foundation
import Glioma
import ImageFiles
import Imaging
import TestSupport
import Testing

@Suite("The published program's run")
struct OfficialReferenceTests {
  private func preparation() throws -> PublishedPreparation? {
    guard let folder = realData?.appendingPathComponent("glioma/official_reference") else {
      print("MALPIGHI_REAL_DATA is not set: the published run is not compared")
      return nil
    }
    func volume(_ name: String) throws -> Volume<Float> {
      try NIfTIFile(path: folder.appendingPathComponent(name).path).readVolume().volume
    }
    let read = try LabelledSegmentation(try volume("case_segm.nii.gz"), convention: .gliodil)
    return PublishedPreparation(
      segmentation: read.segmentation, white: try volume("case_wm.nii.gz"),
      gray: try volume("case_gm.nii.gz"),
      pet: nil, slices: 48, cells: VoxelShape(24, 24, 24))
  }

  @Test("Seed and eight loss terms of epoch 0 come out in compat mode")
  func epochZero() throws {
    guard let case0 = try preparation() else { return }
    let seed = SeedingRun(case0)
    let terms = DiscreteLoss(case0.problem).terms(of: seed.field, parameters: seed.parameters)
    let expected = [0.0, 3587.4130756520913, 0.755159498918045, 0.0, 1.049431137936799, 0.0, 0.0, 0.0]
    for (name, (found, reference)) in zip(LossTerms.names, zip(terms.values, expected)) {
      #expect(abs(found - reference) <= 1e-5 * reference + 1e-12, "\(name): \(found), expected \(reference)")
    }
  }

  @Test("The default solver, cut short, reaches a tenth of its loss on the very same functional")
  func lowerLoss() throws {
    guard let case0 = try preparation() else { return }
    var solver = GaussNewtonSolver()
    solver.prior = .none
    solver.stopping.discrepancy = 0
    (solver.coarseSteps, solver.stopping.outerSteps) = (6, 2)
    let solution = try solver.solve(case0.problem, components: [case0.coreCenter], core: [case0.coreCenter])
    #expect(solution.terms.total < 0.016, "loss \(solution.terms.total)")
  }
}
