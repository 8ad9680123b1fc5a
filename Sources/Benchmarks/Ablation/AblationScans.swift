import ArgumentParser
import ImageFiles
import Imaging
import Vessels

/// What an ablation trains and tests on.
struct AblationScans {
  /// A test scan: the image as it came, and its truth.
  struct Test {
    var image: Volume<Float>
    var truth: Mask
  }

  var training: [TrainingVolume]
  var test: [Test]

  /// Synthetic heads: labels spoiled as in DS6 to train on, clean truth of others to test on.
  static func synthetic(images: Int) -> AblationScans {
    let domain = RandomHead(shape: VoxelShape(96, 96, 64), spacing: 0.6)
    let samples = (0..<2 * images).map { domain.draw(seed: 4711, index: $0).make() }
    return AblationScans(
      training: samples[..<images].enumerated().map { index, sample in
        TrainingVolume(
          id: "\(index)", image: IntensityNormalization.percentile(sample.image),
          label: SpoiledLabel()(sample, seed: UInt64(index)))
      },
      test: samples[images...].map { Test(image: $0.image, truth: $0.all) })
  }

  /// Scans with labels, as files.
  static func files(training: [LabelledScan], test: [LabelledScan]) throws -> AblationScans {
    AblationScans(
      training: try training.enumerated().map { index, scan in
        let (image, label) = try scan.read()
        return TrainingVolume(id: "\(index)", image: IntensityNormalization.percentile(image), label: label)
      },
      test: try test.map {
        let (image, label) = try $0.read()
        return Test(image: image, truth: label)
      })
  }
}

/// A scan and its label, written IMAGE:LABEL on the command line.
struct LabelledScan: ExpressibleByArgument, Decodable {
  var image: String
  var label: String

  init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
    (image, label) = (parts[0], parts[1])
  }

  func read() throws -> (image: Volume<Float>, label: Mask) {
    let (scan, truth) = (try NIfTIFile(path: image), try NIfTIFile(path: label))
    guard scan.grid.shape == truth.grid.shape else {
      throw ValidationError(
        "\(label): \(truth.grid.shape) voxels, \(image) has \(scan.grid.shape); give the label of this scan")
    }
    return (try scan.readVolume().volume, try truth.readMask(.anyLabel).volume)
  }
}
