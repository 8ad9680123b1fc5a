import Foundation
import Pipelines
import TestSupport
import Testing

@Suite("Scripts for Slurm")
struct SlurmScriptsTests {
  func scripts(_ change: (inout SlurmScripts) -> Void = { _ in }) -> SlurmScripts {
    var settings = ClusterSettings()
    settings.partition = "long"
    settings.time = "02:00:00"
    settings.cpus = 4
    settings.tasksAtOnce = 2
    settings.options = ["--account=neuro"]
    var scripts = SlurmScripts(
      executable: URL(fileURLWithPath: "/opt/malpighi"),
      arguments: ["/p/vessels.yaml", "/data/my scans", "--output", "/out", "--set", "threshold.high=0.3"],
      pipeline: "vessels", caseCount: 20, parts: 20, output: URL(fileURLWithPath: "/out"),
      workingDirectory: URL(fileURLWithPath: "/home/me"), settings: settings, memoryMiB: 832)
    change(&scripts)
    return scripts
  }

  @Test("The array says what it asks for, calls one part a task, and bash understands it")
  func array() throws {
    let script = try scripts().array(tasks: [1, 2, 3, 5, 19, 20])
    for line in [
      "#SBATCH --array=1-3,5,19-20%2", "#SBATCH --partition=long", "#SBATCH --time=02:00:00",
      "#SBATCH --mem=832M",
      "#SBATCH --cpus-per-task=4", "#SBATCH --requeue", "#SBATCH --signal=B:TERM@120",
      "#SBATCH --account=neuro",
      "#SBATCH --output=/out/slurm/%A_%a.log", "#SBATCH --chdir=/home/me",
      "/opt/malpighi batch /p/vessels.yaml '/data/my scans' --output /out --set threshold.high=0.3 \\",
      "  --shard \"$SLURM_ARRAY_TASK_ID/20\" --threads \"$SLURM_CPUS_PER_TASK\" --no-summary &",
    ] {
      #expect(script.split(separator: "\n").contains { $0 == line }, "\(line) in\n\(script)")
    }
    try bashAccepts(script)
    try bashAccepts(try scripts().summary())
    #expect(try scripts().summary().contains("/opt/malpighi report /out --index-only"))
  }

  @Test("Of a short time limit a quarter is left for stopping")
  func shortLimit() throws {
    #expect(try scripts { $0.settings.time = "2" }.array(tasks: [1]).contains("--signal=B:TERM@30"))
    #expect(try scripts { $0.settings.time = nil }.array(tasks: [1]).contains("--signal=B:TERM@120"))
  }

  @Test("Paths with blanks, percent signs and quotes are quoted; what sbatch cannot be given is refused")
  func oddPaths() throws {
    let odd = scripts {
      $0.output = URL(fileURLWithPath: "/out of 100%/it's")
      $0.arguments = ["p", "/data/it's", "--output", "/out of 100%/it's"]
    }
    let script = try odd.array(tasks: [1])
    #expect(script.contains("#SBATCH --output=\"/out of 100%%/it's/slurm/%A_%a.log\""))
    #expect(script.contains(#"'/data/it'\''s'"#))
    try bashAccepts(script)
    for path in ["/a\"b", "/a\nb", "/a\\b"] {
      #expect(throws: PipelineError.self) {
        try scripts { $0.output = URL(fileURLWithPath: path) }.array(tasks: [1])
      }
    }
  }

  @Test(
    "Times as Slurm writes them",
    arguments: [
      ("90", 5400), ("1:30", 90), ("02:00:00", 7200), ("1-12", 129_600), ("1-02:30", 95_400), ("0:10", 10),
    ])
  func times(text: String, seconds: Int) throws {
    var settings = ClusterSettings()
    settings.time = text
    try settings.validate()
    // A quarter of a limit below eight minutes, which the script shows.
    let script = try scripts { $0.settings.time = text }.array(tasks: [1])
    #expect(script.contains("B:TERM@\(min(120, seconds / 4))\n"))
  }

  @Test(
    "What Slurm could not understand is refused before it is asked",
    arguments: [
      "time=soon", "time=1:2:3:4", "time=-5", "memory=lots", "memory=0", "memory=8Q", "cpus=0",
      "tasks_at_once=0",
      "partition=a b", "options=account",
    ])
  func wrongSettings(text: String) throws {
    try withTemporaryFolder { folder in
      let parts = text.split(separator: "=").map(String.init)
      let yaml = exampleYAML + "\ncluster:\n  \(parts[0]): \(parts[1])\n"
      #expect {
        try pipeline(yaml, in: folder)
      } throws: {
        guard case .configuration(let message)? = $0 as? PipelineError else { return false }
        return message.contains(parts[0])
      }
    }
  }

  @Test("YAML says what a pipeline asks for")
  func yaml() throws {
    try withTemporaryFolder { folder in
      let yaml =
        exampleYAML
        + "\ncluster: {partition: long, time: 02:00:00, memory: 8G, cpus: 4, options: [--account=neuro]}\n"
      let cluster = try pipeline(yaml, in: folder).cluster
      #expect(
        cluster.partition == "long" && cluster.time == "02:00:00" && cluster.memory == "8G"
          && cluster.cpus == 4)
      #expect(cluster.options == ["--account=neuro"] && cluster.tasksAtOnce == nil)
    }
  }

  private func bashAccepts(_ script: String) throws {
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("script")
      try Data(script.utf8).write(to: file)
      let bash = Process()
      bash.executableURL = URL(fileURLWithPath: "/bin/bash")
      bash.arguments = ["-n", file.path]
      try bash.run()
      bash.waitUntilExit()
      #expect(bash.terminationStatus == 0, "\(script)")
    }
  }
}
