import Foundation
import ImageFiles
import Imaging
import Numerics
import Vessels

/// The scans of a training, read and normalised.
struct VesselScans {
  /// Those with a label, and those without.
  let labelled: [TrainingVolume]
  let imageOnly: [TrainingVolume]

  /// Read `cases`.
  /// - Throws: ``PipelineError`` where a label lies on another grid; errors of reading.
  init(
    _ cases: [Case], normalization: IntensityNormalization, centrelines: Bool, _ context: TrainingContext
  ) throws {
    var volumes: [TrainingVolume] = []
    for (number, item) in cases.enumerated() {
      try context.checkInterruption()
      context.progress(0, "reading \(number + 1) of \(cases.count): \(item.id)")
      volumes.append(
        try Self.read(item, normalization: normalization, centrelines: centrelines, context))
    }
    labelled = volumes.filter { $0.label != nil }
    imageOnly = volumes.filter { $0.label == nil }
  }

  private static func read(
    _ item: Case, normalization: IntensityNormalization, centrelines: Bool, _ context: TrainingContext
  ) throws -> TrainingVolume {
    let file = try NIfTIFile(path: item.input.path)
    let image = try file.readVolume()
    for finding in image.findings where finding.severity != .note {
      context.warn("\(item.id): \(finding.message)")
    }
    var label: Mask?
    if let url = item.label {
      let labelFile = try NIfTIFile(path: url.path)
      try GridComparison.require(labelFile.grid, of: url, matches: file.grid, of: item.input)
      label = try labelFile.readMask(.anyLabel).volume
      if label?.voxels.allSatisfy({ $0 == 0 }) == true {
        context.warn("\(item.id): the label is empty")
      }
    }
    let extremes = image.volume.withVoxels { voxels in
      voxels.reduce(into: (Float.infinity, -Float.infinity)) {
        $0 = (min($0.0, $1), max($0.1, $1))
      }
    }
    if extremes.0 >= extremes.1 {
      context.warn("\(item.id): every voxel is \(extremes.0); there is nothing to learn from it")
    }
    return TrainingVolume(
      id: item.id, image: normalization(image.volume), label: label, centrelines: centrelines)
  }

  /// Throws where two cases have the same image: one might train the network that the other validates.
  static func requireDistinct(_ cases: [Case]) throws {
    let digests = ContentDigest()
    var seen: [String: Case] = [:]
    for item in cases {
      let digest = try digests.digest(of: item.input).sha256
      if let other = seen[digest] {
        throw PipelineError.badData(
          "\(item.input.path): the same image as \(other.input.path), which may be in the other part of the split. "
            + "Remove one.")
      }
      seen[digest] = item
    }
  }
}

/// Which labelled cases train and which validate.
struct VesselSplit {
  let training: [TrainingVolume]
  let validation: [TrainingVolume]

  /// The split of fold `fold` of `folds`, 1 = first; or, without folds, `share` of the cases in a random order.
  init(_ volumes: [TrainingVolume], folds: Int, fold: Int, share: Double, seed: UInt64) {
    var order = volumes.indices.map { $0 }
    var stream = RandomStream(seed: seed, purpose: "validation split")
    order.shuffle(using: &stream)
    let kept: Set<Int>
    if folds > 0 {
      kept = Set(order.enumerated().filter { $0.offset % folds == fold - 1 }.map(\.element))
    } else {
      let count = share > 0 ? max(1, Int((share * Double(volumes.count)).rounded())) : 0
      kept = Set(order.prefix(volumes.count > 1 ? min(count, volumes.count - 1) : 0))
    }
    training = volumes.indices.filter { !kept.contains($0) }.map { volumes[$0] }
    validation = volumes.indices.filter { kept.contains($0) }.map { volumes[$0] }
  }

  /// The split by the ids of the cases to validate.
  init(_ volumes: [TrainingVolume], validating ids: [String]) throws {
    for id in ids where !volumes.contains(where: { $0.id == id }) {
      throw PipelineError.configuration(
        "validation_cases: " + UnknownName(name: id, known: volumes.map(\.id)).message("labelled case"))
    }
    training = volumes.filter { !ids.contains($0.id) }
    validation = volumes.filter { ids.contains($0.id) }
  }

  /// Everything validates; what trains comes from elsewhere.
  init(validatingAll volumes: [TrainingVolume]) { (training, validation) = ([], volumes) }
}
