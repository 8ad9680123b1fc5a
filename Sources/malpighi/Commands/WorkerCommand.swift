import ArgumentParser
import Foundation
import Numerics
import Pipelines

/// One case of a batch, told on standard input; not for people.
struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker", abstract: "One case of a batch.", shouldDisplay: false)

  func run() throws {
    guard let line = readLine(strippingNewline: true) else {
      throw PipelineError.usage("worker: a job expected on standard input; use 'malpighi batch'")
    }
    let job = try JSONDecoder().decode(WorkerJob.self, from: Data(line.utf8))
    Interruption.listen(grace: Grace.worker)
    stopWithParent()
    Parallel.threads = job.threads
    try Worker.run(job, registry: .builtIn) { line in
      Console.write(String(decoding: line, as: UTF8.self), to: STDOUT_FILENO)
    }
  }

  /// The parent keeps standard input open as long as it lives.
  private func stopWithParent() {
    Thread.detachNewThread {
      var byte: UInt8 = 0
      while true {
        let count = read(STDIN_FILENO, &byte, 1)
        if count == 0 || (count < 0 && errno != EINTR) { break }
      }
      Interruption.request()
    }
  }
}
