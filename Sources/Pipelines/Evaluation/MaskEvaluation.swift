import Foundation
import ImageFiles
import Imaging
import Metrics

/// Scores of a mask file against a label file.
public struct MaskEvaluation: Sendable {
  /// The scores to compute.
  public var metrics = SegmentationMetric.allCases
  /// How far surfaces may lie apart for the NSD, in mm.
  public var nsdTolerance: Double

  /// An evaluation of all scores.
  public init(nsdTolerance: Double) { self.nsdTolerance = nsdTolerance }

  /// The scores of `prediction` against `reference`; every value but 0 is inside. NIfTI or PNG.
  public func scores(prediction: URL, reference: URL) throws -> SegmentationScores {
    // Two masks, two distance maps and a skeleton.
    for file in [prediction, reference] { try MemoryLimit.require(image: file, bytesPerElement: 24) }
    let predicted = try mask(prediction)
    let expected = try mask(reference)
    try GridComparison.require(
      predicted.grid, of: prediction, matches: expected.grid, of: reference)
    return try SegmentationScores(
      prediction: predicted, reference: expected, metrics: metrics, nsdTolerance: nsdTolerance)
  }

  private func mask(_ url: URL) throws -> Mask {
    guard ["png", "jpg", "jpeg"].contains(url.pathExtension.lowercased()) else {
      return try NIfTIFile(path: url.path).readMask(.anyLabel).volume
    }
    // A picture is one slice with pixels of 1 mm.
    guard let labels = try RasterFile.read(path: url.path).labels else {
      throw PipelineError.badData("\(url.path): a colour picture; a mask has one grey channel")
    }
    let grid = VoxelGrid(shape: VoxelShape(labels.width, labels.height, 1))
    return Mask(grid: grid, voxels: labels.pixels.map { $0 == 0 ? 0 : 1 })
  }
}

extension MetricsError: ExitStatusProviding {
  /// Wrong use: the name of a score, or masks that do not belong together.
  public var exitStatus: ExitStatus { .badData }
}
