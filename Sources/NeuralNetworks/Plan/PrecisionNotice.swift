import Logging

/// What is said, once, where plans fall back from bf16.
enum PrecisionNotice {
  /// Logs the notice; later uses do nothing.
  static let fallback: Void = Logger(label: "malpighi.networks").notice(
    "this CPU does not multiply bf16 (oneDNN uses \(KernelLibrary.instructionSet)): networks compute in f32")
}
