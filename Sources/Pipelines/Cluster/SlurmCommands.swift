import Foundation
import Subprocess
import SystemPackage

/// Slurm's own commands. Its words reach the user as they are.
struct SlurmCommands: Sendable {
  /// Submit `script`; returns the number of the job.
  func submit(_ script: URL, after job: String? = nil) async throws -> String {
    let dependency = job.map { ["--dependency=afterany:\($0)"] } ?? []
    let answer = try await run("sbatch", ["--parsable"] + dependency + [script.path])
    guard answer.code == 0, let number = answer.output.split(whereSeparator: { ";\n".contains($0) }).first
    else {
      throw PipelineError.inputOutput("sbatch refuses \(script.path): \(answer.words)")
    }
    return String(number)
  }

  /// The most tasks an array may have; Slurm's default where the cluster does not tell.
  func largestArray() async -> Int {
    let answer = try? await run("scontrol", ["show", "config"])
    let line = answer?.output.split(separator: "\n").first { $0.hasPrefix("MaxArraySize") }
    let size = line?.split(separator: "=").last.flatMap { Int($0.trimmingCharacters(in: .whitespaces)) }
    // The greatest index is one less than the size.
    return max(1, (size ?? 1001) - 1)
  }

  /// The tasks of an array that still wait or run, not those that are being ended; empty where Slurm knows the job no
  /// more.
  func tasksInQueue(of job: String) async throws -> Set<Int> {
    let states = "--states=PENDING,CONFIGURING,RUNNING,SUSPENDED"
    let answer = try await run("squeue", ["--noheader", "--array", "--format=%K", states, "--jobs=\(job)"])
    guard answer.code == 0 else { return [] }
    return Set(
      answer.output.split(separator: "\n").compactMap { Int($0.trimmingCharacters(in: .whitespaces)) })
  }

  private func run(_ command: String, _ arguments: [String]) async throws -> (
    code: Int, output: String, words: String
  ) {
    do {
      let result = try await Subprocess.run(
        .name(command), arguments: .init(arguments), output: .string(limit: 1 << 24),
        error: .string(limit: 1 << 20))
      let code =
        switch result.terminationStatus {
        case .exited(let code): Int(code)
        case .signaled(let signal): 128 + Int(signal)
        }
      let words = result.standardError.split(separator: "\n").joined(separator: " ")
      return (code, result.standardOutput, words.isEmpty ? "exit code \(code)" : words)
    } catch let error as SubprocessError where error.code == .executableNotFound {
      throw PipelineError.usage(
        "\(command): not found. --engine slurm needs the commands of Slurm; call it on a login node of the cluster, or use "
          + "--engine local.")
    }
  }
}
