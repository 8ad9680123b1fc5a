import Foundation
import Pipelines

/// The stages of Malpighi and ours.
public var stages: StageRegistry {
  var registry = StageRegistry.builtIn
  registry.register(Denoise.self)
  return registry
}

/// Runs the pipeline of `file` on one scan; the results are those of `malpighi run`.
public func segmentVessels(
  of scan: URL, with file: URL, into output: URL, label: URL? = nil
) throws -> CaseRecord {
  let library = PipelineLibrary(folders: [file.deletingLastPathComponent()], registry: stages)
  let runner = CaseRunner(pipeline: try library.pipeline(file.path), output: output)
  return try runner.run(Case(id: try CaseIdentifier.id(of: scan), input: scan, label: label))
}
