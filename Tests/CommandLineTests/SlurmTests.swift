import Foundation
import TestSupport
import Testing

/// `batch --engine slurm` against stand-ins for Slurm's commands; `.ci/slurm` runs the real ones.
@Suite("malpighi batch --engine slurm", .serialized)
struct SlurmTests {
  /// A folder with angiographies and `bin/` with stand-ins that write down how they were called. `queue` is what
  /// squeue answers, `limit` the cluster's MaxArraySize.
  func withCluster(_ count: Int, limit: Int = 1001, _ body: (URL) throws -> Void) throws {
    try withAngiographies(count) { folder in
      let commands = [
        "sbatch":
          "echo \"$@\" >> calls; [ ! -e refusal ] || { cat refusal >&2; exit 1; }; echo $((40 + $(wc -l < calls)))",
        "squeue": "cat queue 2>/dev/null",
        "scontrol": "echo 'MaxArraySize = \(limit)'",
      ]
      let bin = folder.appendingPathComponent("bin")
      try FileManager.default.createDirectory(at: bin, withIntermediateDirectories: true)
      for (name, text) in commands {
        let url = bin.appendingPathComponent(name)
        try Data("#!/bin/bash\n\(text)\n".utf8).write(to: url)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: url.path)
      }
      try body(folder)
    }
  }

  func batch(_ more: String, in folder: URL, output: String = "out") throws -> Program.Outcome {
    try Program.shell(
      "PATH=$PWD/bin:$PATH $MALPIGHI batch vessels-frangi data --output \(output) \(more)", in: folder)
  }

  func text(_ name: String, in folder: URL) throws -> String {
    try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
  }

  @Test("What is not done and not in the queue is submitted, then a summary after it")
  func submits() throws {
    try withCluster(4) { folder in
      #expect(try batch("--shard 1/4", in: folder).status == 0)
      let first = try batch("--engine slurm --jobs 2 --time 30 --sbatch-option --account=neuro", in: folder)
      #expect(first.status == 0, "\(first.errors)")
      #expect(first.output.hasPrefix("job 41 with 3 tasks, then job 42 for the summary"))
      let script = try text("out/slurm/array.sbatch", in: folder)
      for line in ["--array=2-4%2", "--time=30", "--account=neuro", "--signal=B:TERM@120", "--requeue"] {
        #expect(script.contains("\n#SBATCH \(line)\n"), "\(line)")
      }
      let calls = try text("calls", in: folder).split(separator: "\n")
      #expect(calls.count == 2 && calls[0].hasSuffix("out/slurm/array.sbatch"))
      #expect(calls[1].contains("--dependency=afterany:41") && calls[1].hasSuffix("out/slurm/summary.sbatch"))

      // Two tasks still wait; one was cancelled.
      try Data("3\n4\n".utf8).write(to: folder.appendingPathComponent("queue"))
      let second = try batch("--engine slurm", in: folder)
      #expect(second.errors.contains("2 tasks of job 41 are still in the queue and not submitted again"))
      #expect(try text("out/slurm/array.sbatch", in: folder).contains("\n#SBATCH --array=2\n"))
      #expect(try text("calls", in: folder).contains("--dependency=afterany:43:41"))

      // The script does its part when it is called as Slurm does.
      try FileManager.default.removeItem(at: folder.appendingPathComponent("queue"))
      for task in 2...4 {
        let run = try Program.shell(
          "SLURM_ARRAY_TASK_ID=\(task) SLURM_CPUS_PER_TASK=1 SLURM_JOB_ID=9 bash out/slurm/array.sbatch",
          in: folder)
        #expect(run.status == 0, "\(run.errors)")
      }
      #expect(!FileManager.default.fileExists(atPath: folder.path + "/out/none"))
      #expect(try Program.shell("bash out/slurm/summary.sbatch", in: folder).status == 0)
      let status = try Program.run("status", "out", in: folder)
      #expect(status.output == "4 cases: 4 done, 0 running, 0 failed, 0 pending\n")
      let third = try batch("--engine slurm", in: folder)
      #expect(third.status == 0 && third.errors.contains("nothing to submit"))
    }
  }

  @Test("More cases than an array may have tasks are several a task")
  func largeBatch() throws {
    try withCluster(4, limit: 3) { folder in
      #expect(try batch("--engine slurm", in: folder).status == 0)
      let script = try text("out/slurm/array.sbatch", in: folder)
      #expect(
        script.contains("#SBATCH --array=1-2\n") && script.contains("--shard \"$SLURM_ARRAY_TASK_ID/2\""))
    }
  }

  @Test("--dry-run shows cases, memory and the script, and submits nothing")
  func dryRun() throws {
    try withCluster(2) { folder in
      let run = try batch("--engine slurm --dry-run", in: folder)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output.contains("vessels_000  to do") && run.output.contains(" MiB  "))
      #expect(run.output.contains("#SBATCH --array=1-2\n"))
      #expect(!FileManager.default.fileExists(atPath: folder.path + "/calls"))
      #expect(!FileManager.default.fileExists(atPath: folder.path + "/out"))
    }
  }

  @Test("Without Slurm, or where it refuses, its own words are told")
  func refusals() throws {
    try withCluster(1) { folder in
      let without = try Program.shell(
        "PATH=/nowhere $MALPIGHI batch vessels-frangi data --output out --engine slurm", in: folder)
      #expect(without.status == 64 && without.errors.contains("sbatch: not found. --engine slurm needs"))
      try Data("sbatch: error: invalid partition specified: no\n".utf8).write(
        to: folder.appendingPathComponent("refusal"))
      let refused = try batch("--engine slurm --partition no", in: folder)
      #expect(refused.status == 74, "\(refused.errors)")
      #expect(refused.errors.contains("sbatch: error: invalid partition specified: no"))
      for wrong in ["--time soon", "--memory lots", "--shard 1/2"] {
        #expect(try batch("--engine slurm \(wrong)", in: folder).status == 64, "\(wrong)")
      }
      #expect(try batch("--time 30", in: folder).status == 64)
    }
  }

  @Test("A list of cases that has changed is not mixed with an array still in the queue")
  func changedList() throws {
    try withCluster(2) { folder in
      #expect(try batch("--engine slurm", in: folder).status == 0)
      try Data("2\n".utf8).write(to: folder.appendingPathComponent("queue"))
      try FileManager.default.removeItem(at: folder.appendingPathComponent("data/images/vessels_000.nii.gz"))
      let run = try batch("--engine slurm", in: folder)
      #expect(run.status == 75 && run.errors.contains("job 41 is still in the queue"), "\(run.errors)")
    }
  }
}
