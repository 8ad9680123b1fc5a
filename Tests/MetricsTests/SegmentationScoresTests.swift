import Foundation
import ImageAnalysis
import Imaging
import Metrics
import TestSupport
import Testing

@Suite("Scores of a segmentation")
struct SegmentationScoresTests {
  struct Golden: Decodable {
    struct Case: Decodable {
      var name: String
      var spacing: [Double]
      var tolerance: Double
      var scores: [String: Double]
    }
    var cases: [Case]
  }

  static let unit = VoxelGrid(shape: VoxelShape(9, 9, 9))

  static func box(_ x: Range<Int>, _ y: Range<Int>, _ z: Range<Int>) -> Mask {
    var mask = Mask(grid: unit, filledWith: 0)
    for k in z { for j in y { for i in x { mask[i, j, k] = 1 } } }
    return mask
  }

  @Test("Surface scores equal MONAI's and centreline scores scikit-image's")
  func peers() throws {
    let pairs: [String: (Mask, Mask)] = [
      "tubes": (Phantom.tubes(40, shift: 0), Phantom.tubes(40, shift: 1.5)),
      "tubes, anisotropic": (Phantom.tubes(40, shift: 2), Phantom.tubes(40, shift: -1)),
      "noise up to the faces": (
        Phantom.noise(VoxelShape(18, 16, 14), salt: 5).map { $0 < 40 ? 1 : 0 },
        Phantom.noise(VoxelShape(18, 16, 14), salt: 6).map { $0 < 60 ? 1 : 0 }
      ),
    ]
    let cases = try goldenValues("golden.json", as: Golden.self).cases
    #expect(cases.count == pairs.count)
    for expected in cases {
      var (prediction, reference) = try #require(pairs[expected.name])
      reference.grid.affine = Affine(
        spacing: [expected.spacing[0], expected.spacing[1], expected.spacing[2]])
      prediction.grid = reference.grid
      let scores = try SegmentationScores(
        prediction: prediction, reference: reference, nsdTolerance: expected.tolerance)
      for (key, value) in expected.scores {
        let metric = try #require(SegmentationMetric(rawValue: key))
        let score = try #require(scores[metric])
        // MONAI works in float32; its means over some thousand distances agree to 1e-6.
        #expect(abs(score - value) <= 2e-6 * max(1, value), "\(expected.name) \(key)")
      }
    }
  }

  @Test("Two boxes one voxel apart, by hand")
  func byHand() throws {
    // 3×3×3 boxes shifted by 1 along x: 27 voxels each, 18 in both; 26 surface voxels each.
    let scores = try SegmentationScores(
      prediction: Self.box(2..<5, 3..<6, 3..<6), reference: Self.box(3..<6, 3..<6, 3..<6), nsdTolerance: 0.5)
    #expect(scores[.dice] == 2.0 / 3 && scores[.iou] == 0.5 && scores[.volumeSimilarity] == 1)
    // Per box 9 voxels of the outer face at distance 1, and the reference's centre voxel (4, 4, 4) is inside, so the
    // inner face's centre is at distance 1 too: 10 of 26.
    #expect(scores[.hd95] == 1)
    #expect(abs(try #require(scores[.assd]) - 10.0 / 26) < 1e-12)
    #expect(abs(try #require(scores[.nsd]) - 16.0 / 26) < 1e-12)
    #expect(scores[.betti0Error] == 0 && scores[.betti1Error] == 0)
  }

  @Test("Equal masks score best, whatever their place")
  func equal() throws {
    let mask = Phantom.tubes(24, shift: 1)
    let scores = try SegmentationScores(prediction: mask, reference: mask, nsdTolerance: 0)
    for metric in SegmentationMetric.allCases {
      let best: Double = [.hd95, .assd, .betti0Error, .betti1Error].contains(metric) ? 0 : 1
      #expect(scores[metric] == best, "\(metric)")
    }
  }

  @Test("Empty masks leave undefined what a division by zero leaves undefined")
  func empty() throws {
    let (none, some) = (Self.box(0..<0, 0..<0, 0..<0), Self.box(1..<4, 1..<2, 1..<2))
    let neither = try SegmentationScores(prediction: none, reference: none, nsdTolerance: 1)
    for metric in SegmentationMetric.allCases {
      #expect(neither[metric] == ([.betti0Error, .betti1Error].contains(metric) ? 0 : nil), "\(metric)")
    }
    let missed = try SegmentationScores(prediction: none, reference: some, nsdTolerance: 1)
    let zero: Set<SegmentationMetric> = [
      .dice, .iou, .recall, .volumeSimilarity, .centrelineSensitivity, .nsd, .betti1Error,
    ]
    for metric in SegmentationMetric.allCases {
      #expect(missed[metric] == (zero.contains(metric) ? 0 : metric == .betti0Error ? 1 : nil), "\(metric)")
    }
  }

  @Test("JSON holds a key for each metric asked for, null where undefined")
  func json() throws {
    let none = Self.box(0..<0, 0..<0, 0..<0)
    let scores = try SegmentationScores(
      prediction: none, reference: Self.box(1..<3, 1..<2, 1..<2), metrics: [.hd95, .dice, .precision],
      nsdTolerance: 1)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let data = try encoder.encode(scores)
    #expect(String(decoding: data, as: UTF8.self) == #"{"dice":0,"hd95_mm":null,"precision":null}"#)
    #expect(try JSONDecoder().decode(SegmentationScores.self, from: data) == scores)
  }

  @Test(
    "HD95 is at most the Hausdorff distance, and scores are symmetric", arguments: [1, 2, 3, 4] as [UInt64])
  func bounds(seed: UInt64) throws {
    let spacing = SIMD3<Double>(0.4, 1.1, 0.7)
    let shape = VoxelShape(12, 11, 10)
    let a = Phantom.speckle(shape, density: 0.02, seed: seed, spacing: spacing)
    let b = Phantom.speckle(shape, density: 0.05, seed: seed + 100, spacing: spacing)
    let forward = try SegmentationScores(prediction: a, reference: b, nsdTolerance: 1)
    let backward = try SegmentationScores(prediction: b, reference: a, nsdTolerance: 1)
    for metric in [SegmentationMetric.dice, .clDice, .hd95, .assd, .nsd, .betti1Error] {
      #expect(abs((forward[metric] ?? -1) - (backward[metric] ?? -1)) < 1e-12, "seed \(seed) \(metric)")
    }
    let (toA, toB) = (a.distanceToForeground(), b.distanceToForeground())
    let hausdorff = zip(zip(a.voxels, b.voxels), zip(toA.voxels, toB.voxels)).reduce(Float(0)) {
      max($0, $1.0.0 != 0 ? $1.1.1 : 0, $1.0.1 != 0 ? $1.1.0 : 0)
    }
    // Every speck of such a sparse mask is surface, so this is the Hausdorff distance of the surfaces.
    #expect(try #require(forward[.hd95]) <= Double(hausdorff) + 1e-6)
  }

  @Test("Lists of metrics are read by name, and a wrong name is told")
  func lists() throws {
    #expect(try SegmentationMetric.list("HD95, dice") == [.dice, .hd95])
    #expect(try SegmentationMetric.list("all") == SegmentationMetric.allCases)
    #expect(throws: MetricsError.unknownMetric("dise")) { try SegmentationMetric.list("dise") }
    #expect(throws: MetricsError.noMetric) { try SegmentationMetric.list(" , ") }
    let other = Mask(grid: VoxelGrid(shape: VoxelShape(2, 2, 2)), filledWith: 0)
    #expect(throws: MetricsError.differentShapes(prediction: "2×2×2", reference: "9×9×9")) {
      try SegmentationScores(prediction: other, reference: Self.box(1..<2, 1..<2, 1..<2), nsdTolerance: 1)
    }
  }
}
