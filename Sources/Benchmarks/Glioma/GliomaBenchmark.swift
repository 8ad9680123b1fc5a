import ArgumentParser
import Foundation
import Glioma
import Imaging
import Numerics

/// One synthetic patient in the built-in phantom, by one solver.
struct GliomaBenchmark: Measurement {
  enum Solver: String, ExpressibleByArgument {
    case gaussNewton = "gauss-newton"
    case adam, strong
  }

  static let configuration = CommandConfiguration(
    commandName: "glioma", abstract: "Time a solver of the discrete loss on a synthetic patient.")

  @Option(help: "Time slices.") var nt = 192
  @Option(help: "Cells along each axis.") var nx = 48
  @Option(help: "gauss-newton, strong or adam.") var solver = Solver.gaussNewton
  @Option(help: "Epochs of adam.") var epochs = 20
  @Option(help: "Number of the synthetic patient.") var patient = 0
  @Option(help: "Foci of the synthetic patient: 1 or 3.") var foci = 1
  @Option(help: "Threads.") var threads = 2

  func validate() throws {
    guard nt >= 8, nx >= 8, nt % 2 == 0, nx % 2 == 0, epochs > 0, threads > 0, patient >= 0 else {
      throw ValidationError("nt and nx even and at least 8, epochs and threads above 0")
    }
    guard foci == 1 || foci == 3 else { throw ValidationError("foci: 1 or 3") }
  }

  struct Report: Encodable {
    var nt: Int
    var nx: Int
    var solver: String
    var threads: Int
    var seconds: Double
    /// Milliseconds of one epoch; adam only.
    var epochMs: Double?
    var loss: Double
    var terms: [String: Double]
    /// Root mean square error of the density where the truth lies between 1 and 25 %.
    var lowDensityRmse: Double
    /// Dice of the 10 % isoline.
    var dice10: Double
  }

  func measure() throws -> Report {
    Parallel.threads = threads
    let (white, gray, fluid) = BrainPhantom.tissue(shape: VoxelShape(80, 96, 80), spacing: 2)
    let drawn = SyntheticGlioma(index: patient, focusCount: foci)
    let truth = drawn.grow(white: white, gray: gray, scheme: .correct, seed: 1)
    var images = PatientImages(segmentation: truth.segmentation.map(Float.init))
    (images.white, images.gray, images.fluid) = (white, gray, fluid)
    let case0 = try Patient(images, convention: .gliodil, realigned: false)
    let clock = ContinuousClock()
    let begin = clock.now
    func seconds() -> Double {
      let d = begin.duration(to: clock.now).components
      return Double(d.seconds) + Double(d.attoseconds) * 1e-18
    }
    let cut = PatientGrid(case0, slices: nt, count: nx)
    let solution: GrowthSolution
    var epochMs: Double?
    switch solver {
    case .gaussNewton, .strong:
      var gauss = GaussNewtonSolver()
      gauss.isStrongOnly = solver == .strong
      solution = try gauss.solve(cut.problem, components: cut.components, core: cut.coreCells)
    case .adam:
      let seed = cut.seedingRun()
      let start = seconds()
      solution = try AdamSolver.solve(
        cut.problem, seed: seed, epochs: epochs, rate: 1e-3, schedule: .constant)
      epochMs = 1000 * (seconds() - start) / Double(epochs)
    }
    let spent = seconds()
    let density = cut.density(solution.density, brain: case0.brain)
    var (squares, count, both, either) = (0.0, 0.0, 0.0, 0.0)
    for voxel in density.voxels.indices {
      let (found, real) = (Double(density.voxels[voxel]), Double(truth.density.voxels[voxel]))
      if real > 0.01, real < 0.25 {
        squares += (found - real) * (found - real)
        count += 1
      }
      if found >= 0.1 && real >= 0.1 { both += 2 }
      either += (found >= 0.1 ? 1 : 0) + (real >= 0.1 ? 1 : 0)
    }
    return Report(
      nt: nt, nx: nx, solver: solver.rawValue, threads: threads, seconds: spent, epochMs: epochMs,
      loss: solution.terms.total,
      terms: Dictionary(uniqueKeysWithValues: zip(LossTerms.names, solution.terms.values)),
      lowDensityRmse: (squares / max(count, 1)).squareRoot(), dice10: either > 0 ? both / either : 1)
  }
}
