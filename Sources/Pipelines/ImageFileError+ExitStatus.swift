import ImageFiles

extension ImageFileError: ExitStatusProviding {
  /// 65, 66, 73 or 74, as the error says itself.
  public var exitStatus: ExitStatus { ExitStatus(rawValue: Int(exitCode)) ?? .inputOutput }
}
