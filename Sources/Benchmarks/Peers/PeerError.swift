/// Why a comparison with Python packages could not be made.
enum PeerError: Error, Equatable, CustomStringConvertible {
  /// The folder is no virtual environment.
  case noEnvironment(folder: String)
  /// A package is not installed in it.
  case missingPackage(name: String, interpreter: String)
  /// The program ended or answered nonsense; its last lines.
  case failed(program: String, lastLines: String)
  /// The program took too long.
  case timedOut(program: String, seconds: Double)

  var description: String {
    switch self {
    case .noEnvironment(let folder):
      "\(folder): no virtual environment: no bin/python in it; make one with: python3 -m venv \(folder)"
    case .missingPackage(let name, let interpreter):
      "\(interpreter): no package \(name); install it with: \(interpreter) -m pip install \(name)"
    case .failed(let program, let lastLines):
      "\(program).py ended without an answer; its last lines:\n\(lastLines.isEmpty ? "(none)" : lastLines)"
    case .timedOut(let program, let seconds):
      "\(program).py gave no answer in \(Int(seconds)) s; allow it more with --python-timeout"
    }
  }
}
