import ArgumentParser
import Foundation
import Glioma
import ImageFiles
import Imaging
import Numerics

/// The default solver on the functional of a run of the published program: its crop, operator, initial guess and weights.
struct PublishedRunBenchmark: Measurement {
  static let configuration = CommandConfiguration(
    commandName: "glioma-published",
    abstract:
      "Minimise the published loss of a case the published program was run on, without prior and discrepancy."
  )

  @Argument(help: "Folder with case_segm, case_wm and case_gm (.nii.gz).") var folder: String
  @Option(help: "Time slices.") var nt = 48
  @Option(help: "Cells along each axis.") var nx = 24
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard nt >= 8, nx >= 8 else {
      throw ValidationError("nt and nx at least 8")
    }
  }

  struct Report: Encodable {
    var nt: Int
    var nx: Int
    var threads: Int
    /// Seconds of the solver, and of the published seed.
    var seconds: Double
    var seedSeconds: Double
    /// The terms at the published seed: those of the published program's epoch 0.
    var seedTerms: [String: Double]
    var loss: Double
    var terms: [String: Double]
  }

  func measure() throws -> Report {
    func volume(_ name: String) throws -> Volume<Float> {
      try NIfTIFile(path: URL(fileURLWithPath: folder).appendingPathComponent(name).path).readVolume().volume
    }
    let read = try LabelledSegmentation(try volume("case_segm.nii.gz"), convention: .gliodil)
    guard
      let prepared = PublishedPreparation(
        segmentation: read.segmentation, white: try volume("case_wm.nii.gz"),
        gray: try volume("case_gm.nii.gz"), pet: nil, slices: nt, cells: VoxelShape(nx, nx, nx))
    else { throw ValidationError("\(folder): no tumour in case_segm.nii.gz") }
    let problem = prepared.problem
    let (seed, seedSeconds) = timed { SeedingRun(prepared) }
    let seedTerms = DiscreteLoss(problem).terms(of: seed.field, parameters: seed.parameters)
    var solver = GaussNewtonSolver()
    solver.prior = .none
    solver.stopping.discrepancy = 0
    let (solution, seconds) = try timed {
      try solver.solve(problem, components: [prepared.coreCenter], core: [prepared.coreCenter])
    }
    func named(_ terms: LossTerms) -> [String: Double] {
      Dictionary(uniqueKeysWithValues: zip(LossTerms.names, terms.values))
    }
    return Report(
      nt: nt, nx: nx, threads: common.threads, seconds: seconds, seedSeconds: seedSeconds,
      seedTerms: named(seedTerms), loss: solution.terms.total, terms: named(solution.terms))
  }
}
