import Foundation
import NeuralNetworks

extension CellNetwork {
  /// The weights that a training begins with, from a file: a classifier of this network and as many types, or an EfficientNet
  /// trained on natural images (``EfficientNetWeights``), as arXiv 2012.01321 begins.
  ///
  /// Of the latter the last layer is drawn anew from `seed`. Its first convolution sees red, green and blue as it did before;
  /// membership and features come in with weights of zero.
  /// - Throws: ``CellModelError`` where the file holds another network, `SafeTensorsError`, `WeightsMismatch`.
  public func startingWeights(from url: URL, classes: Int, seed: UInt64) throws -> Weights {
    let table = network(classes: classes).table
    if let classifier = try? CellClassifier(contentsOf: url) {
      guard classifier.weights.table == table else {
        throw CellModelError.otherContents(
          file: url.path, expected: "a classifier of \(classes) types by \(self)")
      }
      return classifier.weights
    }
    guard let design = efficientNet(classes: classes) else {
      throw CellModelError.otherContents(
        file: url.path,
        expected: "a classifier of \(classes) types by \(self), which is no EfficientNet (train.network),")
    }
    let natural = try EfficientNetWeights.read(url, for: design)
    var weights = Weights(table, seed: seed)
    for parameter in natural.table.parameters where !parameter.name.hasPrefix(Self.lastLayer) {
      guard let values = natural.tensor(parameter.name) else { continue }
      switch parameter.name {
      case Self.stem: try weights.set(Self.stem, to: Self.widened(values))
      case Self.stemMeans: try weights.set(Self.stemMeans, to: Self.shifted(values, by: natural))
      default: try weights.set(parameter.name, to: values)
      }
    }
    return weights
  }

  private static let stem = "features.0.0.weight"
  private static let stemMeans = "features.0.1.running_mean"

  /// What networks for natural images take of light v, 0 to 1: (v − mean) / deviation, for red, green and blue.
  private static let (means, deviations): ([Float], [Float]) = (
    [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
  )

  /// The first convolution on this package's inputs, c = 4 (v / slide − 1) for each colour: what it did with
  /// (v − mean) / deviation, but for a constant.
  private static func widened(_ kernel: ArraySlice<Float>) -> [Float] {
    let kernel = Array(kernel)
    let outputs = kernel.count / 27
    var result = [Float](repeating: 0, count: outputs * channels * 9)
    for output in 0..<outputs {
      for color in 0..<3 {
        for tap in 0..<9 {
          result[(output * channels + color) * 9 + tap] =
            kernel[(output * 3 + color) * 9 + tap] * slide / (4 * deviations[color])
        }
      }
    }
    return result
  }

  /// The means behind the first convolution without that constant, which is what the empty slide gives.
  private static func shifted(_ values: ArraySlice<Float>, by natural: Weights) throws -> [Float] {
    let kernel = Array(natural.tensor(stem) ?? [])
    return values.enumerated().map { output, mean in
      (0..<3).reduce(mean) { sum, color in
        let taps = kernel[(output * 3 + color) * 9..<(output * 3 + color + 1) * 9].reduce(0, +)
        return sum - taps * (slide - means[color]) / deviations[color]
      }
    }
  }

  /// The light of the empty slide, 0 to 1.
  private static let slide = BalancedSmear.backgroundLevel / 255
}
