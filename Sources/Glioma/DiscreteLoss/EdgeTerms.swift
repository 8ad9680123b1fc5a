import Imaging

/// The terms of the loss that live on the first slice (initial condition) and on the last one (intervals, PET).
struct EdgeTerms {
  let problem: GrowthProblem
  let parameters: GrowthParameters
  /// The initial condition, low, high and PET terms.
  var terms = LossTerms()
  /// The derivative of these terms with respect to each coefficient.
  var gradient: [Double]
  /// The derivative with respect to the first slice.
  var first: [Float]?
  /// The derivative with respect to the last slice.
  var last: [Float]?

  init(_ problem: GrowthProblem, _ parameters: GrowthParameters) {
    self.problem = problem
    self.parameters = parameters
    gradient = Array(repeating: 0, count: parameters.coefficients.count)
  }

  private var cells: Double { Double(problem.grid.cellCount) }

  /// (W·(u_0 − g(x; x0)))².
  mutating func initialCondition(_ u: UnsafePointer<Float>) {
    let blob = problem.initialDensity(parameters.foci)
    let weight = problem.weights.initialCondition * problem.weights.initialCondition / cells
    var slice = Array(repeating: Float(0), count: blob.count)
    var sum = 0.0
    for cell in blob.indices {
      let error = Double(u[cell]) - Double(blob[cell])
      sum += error * error
      slice[cell] = Float(2 * weight * error)
    }
    terms.initialCondition = weight * sum
    first = slice
    for focus in parameters.foci.indices {
      for axis in 0..<3 {
        let slope = problem.initialDensityDerivative(parameters.foci, index: focus, axis: axis)
        var product = 0.0
        for cell in slope.indices where slope[cell] != 0 {
          product += Double(slice[cell]) * Double(slope[cell])
        }
        gradient[GrowthParameters.coefficientIndex(focus: focus, axis: axis)] -= product
      }
    }
  }

  /// The interval terms and the PET term.
  mutating func data(_ u: UnsafePointer<Float>) {
    let labels = problem.observation.labels
    let weight = problem.weights.data * problem.weights.data / cells
    let active = problem.reactive[0]
    var slice = Array(repeating: Float(0), count: labels.count)
    for cell in labels.indices where active[cell] > 0 {
      let density = Double(u[cell])
      let (lower, upper) = GrowthProblem.interval(labels[cell], parameters)
      if density < lower {
        let error = lower - density
        terms.dataLow += weight * error * error
        slice[cell] = Float(-2 * weight * error)
        gradient[labels[cell] == 2 ? 6 : 7] += labels[cell] == 0 ? 0 : 2 * weight * error
      } else if density > upper {
        let error = density - upper
        terms.dataHigh += weight * error * error
        slice[cell] = Float(2 * weight * error)
        if labels[cell] < 2 { gradient[labels[cell] == 1 ? 6 : 7] -= 2 * weight * error }
      }
    }
    if let pet = problem.observation.pet {
      let weight = problem.weights.pet * problem.weights.pet / cells
      for cell in pet.indices where pet[cell] > 0.1 && active[cell] > 0 {
        let uptake = Double(pet[cell]) - parameters.petBackground
        let error = Double(u[cell]) - parameters.petSlope * uptake
        terms.pet += weight * error * error
        slice[cell] += Float(2 * weight * error)
        gradient[5] -= 2 * weight * error * uptake
        gradient[9] += 2 * weight * error * parameters.petSlope
      }
    }
    last = slice
  }
}
