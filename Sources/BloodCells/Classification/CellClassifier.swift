import Foundation
import NeuralNetworks
import Numerics

/// A trained network with everything needed to type cells of a new image.
public struct CellClassifier: Sendable {
  /// What is stored beside the weights.
  public struct Design: Sendable, Hashable, Codable {
    /// The network.
    public var network: CellNetwork
    /// The names of the types, in the order of the outputs.
    public var types: [String]
    /// The temperature that logits are divided by.
    public var temperature: Double
    /// The diameter of the median cell that features compare with, in pixels.
    public var referenceDiameter: Double
    /// The smallest and the largest median diameter among the training images; images outside (by more than a tenth)
    /// may have another magnification.
    public var diameters: [Double]
    /// In how many turned views a cell is looked at; their logits are averaged.
    public var views: Int
    /// Where the weights come from, in words.
    public var notes: [String: String]
    /// Pixels along each side of the picture, where a file says so.
    private var side: Int?
    /// Pixels along each side of the picture that the network takes.
    public var inputSide: Int { side ?? CellImage.inputSide }

    /// A design.
    public init(
      network: CellNetwork, types: [String], temperature: Double, referenceDiameter: Double,
      diameters: [Double], views: Int, notes: [String: String], inputSide: Int = CellImage.inputSide
    ) {
      self.network = network
      self.types = types
      self.temperature = temperature
      self.referenceDiameter = referenceDiameter
      self.diameters = diameters
      self.views = views
      self.notes = notes
      side = inputSide == CellImage.inputSide ? nil : inputSide
    }

    /// What features of an image with this median diameter compare with: nil where its magnification may be another.
    public func reference(forDiameter diameter: Double) -> Double? {
      guard let low = diameters.first, let high = diameters.last else { return nil }
      return (0.9 * low...1.1 * high).contains(diameter) ? referenceDiameter : nil
    }
  }

  /// What is stored beside the weights.
  public var design: Design
  /// The weights.
  public let weights: Weights
  /// Networks that see the cell's profile instead of its picture; nil for none.
  public var profiles: ProfileClassifier?

  /// A classifier of these parts, without networks of profiles.
  public init(design: Design, weights: Weights) {
    precondition(weights.table == design.network.network(classes: design.types.count).table)
    self.design = design
    self.weights = weights
  }

  private static let key = "malpighi.cell-model"

  /// Write the file whole or not at all: weights of rank 2 and more in half precision, the rest in single.
  public func write(to url: URL) throws {
    var tensors: [String: SafeTensors.Tensor] = [:]
    for (parameter, range) in zip(weights.table.parameters, weights.table.ranges) {
      let values = weights.values[range]
      tensors[parameter.name] =
        parameter.shape.count > 1
        ? .init(values, shape: parameter.shape, halfPrecision: .float16)
        : .init(values, shape: parameter.shape)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let text = String(decoding: try encoder.encode(design), as: UTF8.self)
    var file = SafeTensors(tensors, metadata: [Self.key: text])
    try profiles?.write(to: &file)
    try file.write(to: url)
  }

  /// Read a file written by ``write(to:)``.
  /// - Throws: `SafeTensorsError` for a damaged file, `WeightsMismatch` for weights of another network,
  ///   ``CellModelError`` for something else.
  public init(contentsOf url: URL) throws {
    let file = try SafeTensors(contentsOf: url)
    guard let text = file.metadata[Self.key],
      let design = try? JSONDecoder().decode(Design.self, from: Data(text.utf8)),
      design.temperature > 0, design.temperature.isFinite, design.referenceDiameter > 0,
      (1...360).contains(design.views), (2...1000).contains(design.types.count), design.network.isValid,
      CellTraining.inputSides.contains(design.inputSide)
    else { throw CellModelError.otherContents(file: url.path, expected: "a classifier of cells") }
    self.design = design
    var tensors = file.tensors
    profiles = try ProfileClassifier(
      from: file, removingFrom: &tensors, types: design.types.count, path: url.path)
    weights = try Weights(
      tensors, for: design.network.network(classes: design.types.count).table, file: url.path)
  }

  /// The logits of each cell, averaged over the design's views; with ``profiles`` the log probabilities of both, weighed.
  public func logits(
    of cells: [CellInput], precision: Plan.Precision
  ) throws(NeuralNetworkError) -> [[Double]] {
    let logits = try responses(
      of: cells, network: design.network.network(classes: design.types.count), output: 0,
      precision: precision)
    guard let profiles else { return logits }
    return Self.joined(
      logits, profiles.logProbabilities(of: cells.map(\.profile)), share: profiles.design.share)
  }

  /// The probability of each type for each cell.
  public func probabilities(
    of cells: [CellInput], precision: Plan.Precision
  ) throws(NeuralNetworkError) -> [[Double]] {
    try logits(of: cells, precision: precision).map {
      BloodCells.probabilities(of: $0, temperature: design.temperature)
    }
  }

  /// What the last layer reads, for each cell.
  func features(of cells: [CellInput], precision: Plan.Precision) throws(NeuralNetworkError) -> [[Double]] {
    try responses(
      of: cells, network: design.network.network(classes: design.types.count, features: true), output: 1,
      precision: precision)
  }

  /// One output of `network` for each cell, averaged over the views.
  private func responses(
    of cells: [CellInput], network: Network, output: Int, precision: Plan.Precision
  ) throws(NeuralNetworkError) -> [[Double]] {
    guard !cells.isEmpty else { return [] }
    let views = design.views
    let side = design.inputSide
    // Batches of nearly equal size: rows of the last one that stay empty cost as much as others. 32 cells
    // at a time take half the memory of 64 and no longer.
    let batches = (cells.count * views + 31) / 32
    let batch = (cells.count * views + batches - 1) / batches
    let plan = try network.compile(
      inputShape: [batch, CellNetwork.channels, side, side], mode: .inference, precision: precision)
    try plan.load(weights)
    let width = plan.outputs[output].shape[1]
    var sums = [[Double]](repeating: [Double](repeating: 0, count: width), count: cells.count)
    var input = [Float](repeating: 0, count: batch * CellInput.count(side: side))
    for start in stride(from: 0, to: cells.count * views, by: batch) {
      let rows = start..<min(start + batch, cells.count * views)
      input.withUnsafeMutableBufferPointer { input in
        nonisolated(unsafe) let input = input  // Each row is written by one thread.
        Parallel.forEach(rows) { row in
          var view = CellAugmentation()
          view.angle = 2 * .pi * Float(row % views) / Float(views)
          let place = (row - rows.lowerBound) * CellInput.count(side: side)
          cells[row / views].write(
            view, side: side,
            to: UnsafeMutableBufferPointer(rebasing: input[place..<place + CellInput.count(side: side)]))
        }
      }
      try plan.forward(input)
      let values = plan.outputs[output].values
      for row in rows {
        for k in 0..<width {
          sums[row / views][k] += Double(values[(row - rows.lowerBound) * width + k]) / Double(views)
        }
      }
    }
    return sums
  }
}
