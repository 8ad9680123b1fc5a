import ArgumentParser

/// One row per kernel and per job, as JSON.
@main
struct Benchmarks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "malpighi-benchmarks",
    subcommands: [
      UNetBenchmark.self, InferBenchmark.self, VesselsBenchmark.self, KernelsBenchmark.self,
      LoadBenchmark.self, MetricsBenchmark.self, SeparateBenchmark.self, Classify.self,
      GliomaBenchmark.self, GliomaStudy.self, PublishedRunBenchmark.self, AblationBenchmark.self,
      JobsBenchmark.self,
      AllBenchmarks.self, EvidenceCommand.self,
    ])
}
