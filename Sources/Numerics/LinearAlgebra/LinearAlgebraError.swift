/// Why a matrix could not be factored or solved with.
public enum LinearAlgebraError: Error, Sendable, Equatable, CustomStringConvertible {
  /// An entry is NaN or infinite.
  case notFinite(routine: String)
  /// The matrix has no inverse, or is not positive definite where it must be.
  case singular(routine: String, pivot: Int)
  /// The iteration of an eigenvalue or singular-value routine did not converge.
  case notConverged(routine: String)

  /// One line: the routine, what is wrong, what to do.
  public var description: String {
    switch self {
    case .notFinite(let routine):
      "\(routine): the matrix holds NaN or infinite entries. Check the data it was made of."
    case .singular(let routine, let pivot):
      "\(routine): the matrix is singular at pivot \(pivot). Fewer unknowns or more data are needed."
    case .notConverged(let routine):
      "\(routine): the iteration did not converge. The matrix is too badly scaled."
    }
  }
}
