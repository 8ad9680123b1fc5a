/// What a run tells while it works.
public enum RunEvent: Sendable, Codable, Hashable {
  /// Stage `index` of `count` starts.
  case started(stage: String, index: Int, count: Int)
  /// A fraction of the stage is done.
  case progressed(stage: String, fraction: Double, message: String)
  /// The stage is done.
  case finished(stage: String, seconds: Double)
  /// The stage was done before, with the same inputs and parameters.
  case unchanged(stage: String)
  /// The stage does not apply to this case.
  case leftOut(stage: String, reason: String)
  /// Another process works on the case; nothing was done.
  case claimed(text: String)
  /// Something odd.
  case warning(stage: String, text: String)
}
