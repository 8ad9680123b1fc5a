import Foundation
import Glioma
import ImageFiles
import Imaging
import Reports

/// Infers the distribution of tumour cells.
struct SolveGlioma: Stage {
  enum Solver: String, ParameterChoice {
    case gaussNewton = "gauss-newton"
    case adam, lbfgs, strong
    case staticField = "static"
  }
  enum Operator: String, ParameterChoice { case correct, compat }
  enum Schedule: String, ParameterChoice { case constant, cosine }

  static let name = "glioma.solve"
  static let summary = "Infer density and growth parameters from the scan by minimising the discrete loss."
  static let parameters = [
    Parameter("solver", \SolveGlioma.solver, "how the loss is minimised; static fits a field without growth"),
    Parameter("grid", \SolveGlioma.grid, "time slices x cells along each axis"),
    Parameter("operator", \SolveGlioma.scheme, "correct, or the published program's crop, faces and blob"),
    Parameter("lambda", \SolveGlioma.lambda, "multiplier of the equation's weight", in: 0.001...1000),
    Parameter(
      "pet_weight", \SolveGlioma.petWeight,
      "weight of PET, 0 for none; the segmentation has 12; operator compat has its own", in: 0...100),
    Parameter("epochs", \SolveGlioma.epochs, "epochs of adam, iterations of lbfgs", in: 1...1_000_000),
    Parameter("learning_rate", \SolveGlioma.learningRate, "learning rate of adam", in: 1e-6...1),
    Parameter("schedule", \SolveGlioma.schedule, "constant as published, or decaying by a cosine"),
    Parameter("prior_weight", \SolveGlioma.priorWeight, "weight of the parameters' prior", in: 0...1e6),
    Parameter("outer_steps", \SolveGlioma.outerSteps, "Gauss-Newton steps", in: 1...50),
    Parameter("inner_iterations", \SolveGlioma.innerIterations, "iterations of an inner solve", in: 1...500),
    Parameter("discrepancy", \SolveGlioma.discrepancy, "stop at this rms violation of density", in: 0...1),
    Parameter(
      "members", \SolveGlioma.members, "ensemble members for the uncertainty; 0 for none", in: 0...1000),
    Parameter("seed", \SolveGlioma.seed, "seed of the ensemble", in: 0...Int.max),
  ]
  static let inputs = PreparedPatient.inputs
  static let outputs = [
    StageOutput("density.nii.gz", "fraction of tumour cells on the patient's grid"),
    StageOutput("parameters.json", "each parameter with value, interval, unit and whether it hit a bound"),
    StageOutput("loss.csv", "one row an iteration with every term"),
    StageOutput(
      "growth.nii.gz", "density on the solver's cells, six times beside each other along z", role: .optional),
    StageOutput("spread.nii.gz", "standard deviation of the density", role: .optional),
    StageOutput("probability.nii.gz", "probability of a density above 10 %", role: .optional),
  ]

  var solver = Solver.gaussNewton
  var grid = GridSize(slices: 192, cells: 48)
  var scheme = Operator.correct
  var lambda = 1.0
  var petWeight = PatientGrid.petWeight
  var epochs = 9000
  var learningRate = 1e-3
  var schedule = Schedule.constant
  var priorWeight = 1000.0
  var outerSteps = 5
  var innerIterations = 20
  var discrepancy = 0.3
  var members = 32
  var seed = 1

  func run(_ context: StageContext) throws {
    let (patient, header) = try PreparedPatient.read(context)
    if scheme == .compat, petWeight != PatientGrid.petWeight {
      context.warn(
        "pet_weight \(NumberText.short(petWeight)) is not used: operator compat keeps the published weights; "
          + "set operator to correct, or leave pet_weight out")
    }
    let setup = GliomaSetup(
      patient, scheme: scheme == .compat ? .compat : .correct, slices: grid.slices, cells: grid.cells,
      lambda: lambda, petWeight: petWeight)
    let problem = setup.problem
    let progress: SolverProgress = { phase, share in try context.progress(share, phase) }
    var solution: GrowthSolution
    switch solver {
    case .gaussNewton, .strong:
      var gauss = GaussNewtonSolver()
      gauss.prior.weight = priorWeight
      gauss.stopping.outerSteps = outerSteps
      gauss.stopping.innerIterations = innerIterations
      gauss.stopping.discrepancy = discrepancy
      gauss.isStrongOnly = solver == .strong
      solution = try gauss.solve(
        problem, components: setup.components, core: setup.coreCells, progress: progress)
    case .adam, .lbfgs:
      let seed = setup.seedingRun()
      solution =
        solver == .adam
        ? try AdamSolver.solve(
          problem, seed: seed, epochs: epochs, rate: learningRate,
          schedule: schedule == .cosine ? .cosine : .constant, progress: progress)
        : try QuasiNewtonSolver.solve(problem, seed: seed, iterations: epochs, progress: progress)
    case .staticField:
      solution = try StaticField().solve(problem, start: setup.seedingRun(), progress: progress)
    }
    try context.progress(0.95, "writing")
    let writer = NIfTIWriter(like: header, displayRange: 0...1)
    try writer.write(
      setup.density(solution.density, brain: patient.brain), to: context.output("density.nii.gz").path)
    try lossTable(solution).write(
      to: context.output("loss.csv"), atomically: false, encoding: .utf8)
    let ensemble =
      members >= 2
      ? GrowthEnsemble(problem, solution, members: members, seed: UInt64(seed)) : nil
    if let ensemble {
      try writer.write(
        setup.density(ensemble.spread, brain: patient.brain), to: context.output("spread.nii.gz").path)
      try writer.write(
        setup.density(ensemble.probability, brain: patient.brain),
        to: context.output("probability.nii.gz").path)
    }
    try writeGrowth(solution, problem, to: context.output("growth.nii.gz"))
    try writeJSON(
      ParameterReport.entries(solution, ensemble, problem), to: context.output("parameters.json"))
  }

  /// Without times: the same input gives the same bytes.
  private func lossTable(_ solution: GrowthSolution) -> String {
    var lines = ["phase,iteration,total," + LossTerms.names.joined(separator: ",")]
    for row in solution.history {
      let numbers = ([row.terms.total] + row.terms.values).map { "\($0)" }.joined(separator: ",")
      lines.append("\(row.phase),\(row.iteration),\(numbers)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func writeGrowth(_ solution: GrowthSolution, _ problem: GrowthProblem, to url: URL) throws {
    guard let first = solution.snapshots.first, first.count == problem.grid.shape.count else { return }
    let shape = problem.grid.shape
    let stack = VoxelShape(shape.x, shape.y, shape.z * solution.snapshots.count)
    let volume = Volume(
      grid: VoxelGrid(shape: stack, affine: Affine(spacing: problem.grid.spacing)),
      voxels: Array(solution.snapshots.joined()))
    try NIfTIWriter(displayRange: 0...1).write(volume, to: url.path)
  }
}
