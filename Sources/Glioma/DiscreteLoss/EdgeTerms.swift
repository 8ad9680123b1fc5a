import Imaging

/// The terms of the loss that live on the first slice (initial condition) and on the last one (intervals, PET), plane by
/// plane.
struct EdgeTerms: Sendable {
  private let problem: GrowthProblem
  private let parameters: GrowthParameters
  private let blob: [Float]

  init(_ problem: GrowthProblem, _ parameters: GrowthParameters) {
    self.problem = problem
    self.parameters = parameters
    blob = problem.initialDensity(parameters.foci)
  }

  private var cells: Double { Double(problem.grid.cellCount) }

  /// (W·(u_0 − g(x; x0)))² on plane z; `u` and `gradient` are those of the slice.
  func initialCondition(
    _ z: Int, _ u: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>?, _ sums: inout PlaneSums
  ) {
    let weight = problem.weights.initialCondition * problem.weights.initialCondition / cells
    let (shape, foci) = (problem.grid.shape, parameters.foci)
    var sum = 0.0
    var cell = shape.index(0, 0, z)
    for y in 0..<shape.y {
      for x in 0..<shape.x {
        let error = Double(u[cell]) - Double(blob[cell])
        sum += error * error
        gradient?[cell] += Float(2 * weight * error)
        if blob[cell] > 0 {
          for focus in foci.indices {
            let slope = problem.blob.slope(at: problem.grid.center(x, y, z), foci: foci, index: focus)
            for axis in 0..<3 {
              sums.coefficients[GrowthParameters.coefficientIndex(focus: focus, axis: axis)] -=
                2 * weight * error * slope[axis]
            }
          }
        }
        cell += 1
      }
    }
    sums.edges.initialCondition += weight * sum
  }

  /// The interval terms and the PET term on plane z; `u` and `gradient` are those of the slice.
  func data(
    _ z: Int, _ u: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>?, _ sums: inout PlaneSums
  ) {
    let labels = problem.observation.labels
    let weight = problem.weights.data * problem.weights.data / cells
    let petWeight = problem.weights.pet * problem.weights.pet / cells
    let active = problem.reactive[0]
    let plane = problem.grid.shape.x * problem.grid.shape.y
    for cell in z * plane..<(z + 1) * plane where active[cell] > 0 {
      let density = Double(u[cell])
      var slope = 0.0
      let (lower, upper) = GrowthProblem.interval(labels[cell], parameters)
      if density < lower {
        let error = lower - density
        sums.edges.dataLow += weight * error * error
        slope = -2 * weight * error
        sums.coefficients[labels[cell] == 2 ? 6 : 7] += labels[cell] == 0 ? 0 : 2 * weight * error
      } else if density > upper {
        let error = density - upper
        sums.edges.dataHigh += weight * error * error
        slope = 2 * weight * error
        if labels[cell] < 2 { sums.coefficients[labels[cell] == 1 ? 6 : 7] -= 2 * weight * error }
      }
      if let pet = problem.observation.pet, pet[cell] > 0.1 {
        let uptake = Double(pet[cell]) - parameters.petBackground
        let error = density - parameters.petSlope * uptake
        sums.edges.pet += petWeight * error * error
        slope += 2 * petWeight * error
        sums.coefficients[5] -= 2 * petWeight * error * uptake
        sums.coefficients[9] += 2 * petWeight * error * parameters.petSlope
      }
      gradient?[cell] += Float(slope)
    }
  }
}
