import Foundation
import ImageAnalysis
import Imaging
import Metrics
import Testing
import Vessels

@Suite("The shipped vessel network")
struct ShippedNetworkTests {
  private let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("data/models/vessels.safetensors")

  /// What the pipelines `vessels` and `vessels-bright` ask for.
  private func decision(_ output: VesselModel.Output) -> VesselDecision {
    var decision = VesselDecision(high: output.threshold)
    decision.support = 0.5
    switch output.convention {
    case .all:
      (decision.brightness, decision.brightShare, decision.smallestComponent) = (.added, 0.8, 50)
      decision.clearComponents = .init(smallest: 8, contrast: 3)
    case .bright:
      (decision.brightness, decision.brightShare, decision.smallestComponent) = (.required, 0.88, 200)
    }
    return decision
  }

  @Test("Its masks hardly depend on where the tiles fall", arguments: [LabelConvention.all, .bright])
  func tiling(convention: LabelConvention) throws {
    let model = try VesselModel(contentsOf: file)
    let channel = try #require(model.channel(of: convention))
    let head = RandomHead(shape: VoxelShape(80, 80, 64), spacing: 0.62).draw(seed: 31, index: 2).make()
    var segmentation = VesselSegmentation()
    (segmentation.patch, segmentation.halo) = (64, 16)
    let masks = try [VoxelShape(0, 0, 0), VoxelShape(3, 5, 7), VoxelShape(13, 2, 9)].map { offset in
      segmentation.offset = offset
      let answer = try segmentation(head.image, model: model, channel: channel)
      #expect(answer.windows.computed > 1)
      return decision(model.outputs[channel])(answer.probability, image: head.image)
    }
    for moved in masks.dropFirst() {
      let scores = try SegmentationScores(
        prediction: moved, reference: masks[0], metrics: [.dice], nsdTolerance: 1)
      #expect(try #require(scores[.dice]) > 0.98)
    }
  }
}
