import Foundation

/// A Python program that does the work of a benchmark, waiting to be asked: a line in, a line of JSON out.
final class PeerProgram {
  /// The versions of the packages that do the work.
  private(set) var packages: [String: String] = [:]
  private let name: String
  private let timeout: Double
  private let process = Process()
  private let (questions, answers) = (Pipe(), Pipe())
  /// Where what it says besides goes.
  private let log: URL
  /// What was read of the next answer.
  private var read = Data()

  private struct Start: Decodable {
    var packages: [String: String]?
    var missing: String?
  }

  /// The programs, as they lie in `Programs`.
  private static let sources = [
    "peer": PackageResources.peer_py, "network": PackageResources.network_py,
    "unet": PackageResources.unet_py, "infer": PackageResources.infer_py,
    "metrics": PackageResources.metrics_py, "load": PackageResources.load_py,
    "contours": PackageResources.contours_py,
  ]

  /// The Python of the virtual environment in `folder`.
  static func interpreter(in folder: String) throws(PeerError) -> String {
    let path = "\(folder)/bin/python"
    guard FileManager.default.isExecutableFile(atPath: path) else { throw .noEnvironment(folder: folder) }
    return path
  }

  /// Start the program `name` and wait until it is ready. `folder` is for its files.
  init(
    _ name: String, arguments: [String], interpreter: String, folder: URL, threads: Int, timeout: Double
  ) throws {
    (self.name, self.timeout) = (name, timeout)
    log = folder.appendingPathComponent("\(name).log")
    for (module, bytes) in Self.sources {
      try Data(bytes).write(to: folder.appendingPathComponent("\(module).py"))
    }
    try Data().write(to: log)
    process.executableURL = URL(fileURLWithPath: interpreter)
    process.arguments = ["-B", folder.appendingPathComponent("\(name).py").path] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["OMP_NUM_THREADS": "\(threads)", "OPENBLAS_NUM_THREADS": "\(threads)"]
    ) { _, new in new }
    (process.standardInput, process.standardOutput) = (questions, answers)
    process.standardError = try FileHandle(forWritingTo: log)
    // A question to a program that has ended is told by the answer that does not come.
    signal(SIGPIPE, SIG_IGN)
    try process.run()
    let start = try answer(Start.self)
    if let missing = start.missing { throw PeerError.missingPackage(name: missing, interpreter: interpreter) }
    packages = start.packages ?? [:]
  }

  /// The answer to a question, which is a word and perhaps one argument.
  func ask<Answer: Decodable>(_ question: String, _ type: Answer.Type) throws -> Answer {
    try? questions.fileHandleForWriting.write(contentsOf: Data("\(question)\n".utf8))
    return try answer(type)
  }

  /// End the program.
  func end() {
    try? questions.fileHandleForWriting.close()
    if process.isRunning { process.terminate() }
    process.waitUntilExit()
  }

  private func answer<Answer: Decodable>(_ type: Answer.Type) throws -> Answer {
    do {
      let line = try nextLine()
      guard let answer = try? JSONDecoder().decode(type, from: line) else {
        throw PeerError.failed(program: name, lastLines: String(decoding: line.prefix(500), as: UTF8.self))
      }
      return answer
    } catch {
      end()
      throw error
    }
  }

  private func nextLine() throws -> Data {
    let deadline = ContinuousClock.now + .seconds(timeout)
    while true {
      if let end = read.firstIndex(of: UInt8(ascii: "\n")) {
        defer { read = Data(read[read.index(after: end)...]) }
        return Data(read[..<end])
      }
      var descriptor = pollfd(
        fd: answers.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)
      let left = (deadline - .now) / .milliseconds(1)
      let ready = poll(&descriptor, 1, Int32(max(0, min(left, 1e9))))
      if ready == 0 { throw PeerError.timedOut(program: name, seconds: timeout) }
      if ready < 0 && errno == EINTR { continue }
      let bytes = answers.fileHandleForReading.availableData
      if bytes.isEmpty { throw PeerError.failed(program: name, lastLines: lastLines) }
      read += bytes
    }
  }

  private var lastLines: String {
    let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").suffix(5).joined(separator: "\n")
  }
}
