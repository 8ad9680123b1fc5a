/// What the stages of gliomas need, in bytes: some volumes of the patient, and single-precision fields over the cells
/// of space and time, which are many more.
extension PrepareGlioma {
  /// Segmentation, two tissues, fluid, brain, PET and recurrence.
  func memoryEstimate(for size: CaseSize) -> Int { size.fileBytes + 30 * size.elements }
}

extension SeedGlioma {
  /// The patient, and the field with its loss.
  func memoryEstimate(for size: CaseSize) -> Int { 24 * size.elements + 3 * grid.fieldBytes }
}

extension SolveGlioma {
  /// The patient; the field, its linearisation and the vectors of the solver.
  func memoryEstimate(for size: CaseSize) -> Int {
    24 * size.elements + fields * grid.fieldBytes + (16 << 20)
  }

  /// How many fields over all cells the solver holds at once.
  private var fields: Int {
    switch solver {
    case .gaussNewton, .strong, .staticField: 5
    // The field, its gradient and two moments; the steps and changes of gradient that L-BFGS remembers.
    case .adam: 8
    case .lbfgs: 16
    }
  }
}

extension PlanGlioma {
  /// The patient, the density and five plans with their distances.
  func memoryEstimate(for size: CaseSize) -> Int { 40 * size.elements }
}

extension GridSize {
  /// One single-precision field over space and time.
  fileprivate var fieldBytes: Int { 4 * slices * cells * cells * cells }
}
