import ArgumentParser
import Foundation
import Glioma
import Imaging
import Numerics

/// One synthetic patient in the built-in phantom, by one solver.
struct GliomaBenchmark: Measurement {
  static let configuration = CommandConfiguration(
    commandName: "glioma", abstract: "Time a solver of the discrete loss on a synthetic patient.")

  @Option(help: "Time slices.") var nt = 192
  @Option(help: "Cells along each axis.") var nx = 48
  @Option(help: "gauss-newton, strong, unstopped, adam, seed or static.") var solver = StudyMethod.gaussNewton
  @Option(help: "Epochs of adam.") var epochs = 20
  @Option(help: "Number of the synthetic patient.") var patient = 0
  @Option(help: "Foci of the synthetic patient: 1 or 3.") var foci = 1
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard nt >= 8, nx >= 8, nt % 2 == 0, nx % 2 == 0, epochs > 0, patient >= 0 else {
      throw ValidationError("nt and nx even and at least 8, epochs above 0")
    }
    guard foci == 1 || foci == 3 else { throw ValidationError("foci: 1 or 3") }
  }

  var variation: [String] { [solver.rawValue] }

  struct Report: Encodable {
    var nt: Int
    var nx: Int
    var solver: String
    var threads: Int
    var seconds: Double
    /// Milliseconds of one epoch, without the first, whose memory is new; adam of more than one epoch only.
    var epochMs: Double?
    var loss: Double
    var terms: [String: Double]
    /// Root mean square error of the density where the truth lies between 1 and 25 %.
    var lowDensityRmse: Double
    /// Dice of the 10 % isoline.
    var dice10: Double
  }

  func measure() throws -> Report {
    let (white, gray, fluid) = BrainPhantom.tissue(shape: VoxelShape(80, 96, 80), spacing: 2)
    let drawn = SyntheticGlioma(index: patient, focusCount: foci)
    let truth = drawn.grow(white: white, gray: gray, scheme: .correct, seed: 1)
    var images = PatientImages(segmentation: truth.segmentation.map(Float.init))
    (images.white, images.gray, images.fluid) = (white, gray, fluid)
    let case0 = try Patient(images, convention: .gliodil, realigned: false)
    let begin = ContinuousClock.now
    func seconds() -> Double { (.now - begin) / .seconds(1) }
    let setup = GliomaSetup(case0, scheme: .correct, slices: nt, cells: nx)
    let solution = try solver.solve(setup, epochs: epochs)
    let spent = seconds()
    // The last row is the evaluation at the end.
    let rows = solver == .adam ? Array(solution.history.dropLast()) : []
    let epochMs =
      rows.count > 1
      ? 1000 * (rows[rows.count - 1].seconds - rows[0].seconds)
        / Double(rows[rows.count - 1].iteration - rows[0].iteration) : nil
    let error = DensityError(found: setup.density(solution.density, brain: case0.brain), truth: truth.density)
    return Report(
      nt: nt, nx: nx, solver: solver.rawValue, threads: common.threads, seconds: spent, epochMs: epochMs,
      loss: solution.terms.total,
      terms: Dictionary(uniqueKeysWithValues: zip(LossTerms.names, solution.terms.values)),
      lowDensityRmse: error.lowDensityRmse, dice10: error.dice10)
  }
}
