import Foundation
import Numerics

/// Everything that a training needs to go on exactly where it stood, in one safetensors file.
public struct Checkpoint: Sendable, Equatable {
  /// Where a training stands.
  public struct Progress: Sendable, Equatable, Codable {
    /// Optimiser steps made.
    public var step: Int
    /// Epochs completed.
    public var epoch: Int
    /// The best validation score so far; nil before the first.
    public var bestScore: Double?
    /// The seed from which every random number of the training is derived.
    public var seed: UInt64
    /// Streams of random numbers that are not derived from the step.
    public var streams: [String: RandomStream]
    /// The plateau schedule, where one is used.
    public var plateau: PlateauSchedule?
    /// The method of the optimiser, which must be the same on resuming.
    public var algorithm: OptimizerAlgorithm

    /// The start of a training.
    public init(seed: UInt64, algorithm: OptimizerAlgorithm, plateau: PlateauSchedule? = nil) {
      step = 0
      epoch = 0
      bestScore = nil
      self.seed = seed
      streams = [:]
      self.plateau = plateau
      self.algorithm = algorithm
    }
  }

  /// Where the training stands.
  public var progress: Progress
  /// The weights.
  public var weights: Weights
  /// The optimiser's moments.
  public var optimizer: OptimizerState
  /// The averaged weights, where they are kept.
  public var average: WeightAverage?
  /// Text of the caller's, such as the network's design and the resolved configuration.
  public var notes: [String: String]

  /// A checkpoint of these parts.
  public init(
    progress: Progress, weights: Weights, optimizer: OptimizerState, average: WeightAverage? = nil,
    notes: [String: String] = [:]
  ) {
    self.progress = progress
    self.weights = weights
    self.optimizer = optimizer
    self.average = average
    self.notes = notes
  }

  /// Number of the file's layout, raised when it changes.
  private static let format = "malpighi-checkpoint-1"

  /// Facts beside the tensors.
  private struct Header: Codable {
    let progress: Progress
    let optimizerSteps: Int
    let moments: Int
    let averageDecay: Double?
    let averageUpdates: Int?
  }

  /// Write the file whole or not at all.
  /// - Throws: `FileWritingError`.
  public func write(to url: URL) throws { try tensors().write(to: url) }

  /// The checkpoint as a file's tensors and metadata.
  public func tensors() throws -> SafeTensors {
    let header = Header(
      progress: progress, optimizerSteps: optimizer.steps, moments: optimizer.moments.count,
      averageDecay: average?.decay, averageUpdates: average?.updates)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    var file = SafeTensors(metadata: ["format": Self.format])
    file.metadata["training"] = String(decoding: try encoder.encode(header), as: UTF8.self)
    for (key, text) in notes { file.metadata["note.\(key)"] = text }
    file.add(weights.tensors(), under: "weights")
    for (index, moment) in optimizer.moments.enumerated() {
      var values = Weights(zerosFor: weights.table.trainable)
      values.values = moment
      file.add(values.tensors(), under: "optimizer.\(index)")
    }
    if let average { file.add(average.weights.tensors(), under: "average") }
    return file
  }

  /// Read a checkpoint of a network with these parameters.
  /// - Throws: ``SafeTensorsError`` for a damaged file, ``WeightsMismatch`` for one of another network,
  ///   ``CheckpointError`` for one that is no checkpoint of this version.
  public init(contentsOf url: URL, for table: ParameterTable) throws {
    try self.init(SafeTensors(contentsOf: url), name: url.path, for: table)
  }

  /// Read a checkpoint from a file's tensors; `name` appears in errors, which are those of ``init(contentsOf:for:)``.
  public init(_ file: SafeTensors, name: String, for table: ParameterTable) throws {
    let format = file.metadata["format"] ?? "none"
    guard format == Self.format else {
      throw CheckpointError.format(file: name, expected: Self.format, found: format)
    }
    guard file.isVerified else { throw CheckpointError.damaged(file: name, field: "checksum") }
    guard let text = file.metadata["training"],
      let header = try? JSONDecoder().decode(Header.self, from: Data(text.utf8)),
      (1...2).contains(header.moments)
    else { throw CheckpointError.damaged(file: name, field: "training") }
    progress = header.progress
    weights = try Weights(file.tensors(under: "weights"), for: table, file: name)
    optimizer = OptimizerState(
      steps: header.optimizerSteps,
      moments: try (0..<header.moments).map {
        try Weights(file.tensors(under: "optimizer.\($0)"), for: table.trainable, file: name).values
      })
    if let decay = header.averageDecay, let updates = header.averageUpdates {
      let values = try Weights(file.tensors(under: "average"), for: table, file: name)
      average = WeightAverage(values, decay: decay, updates: updates)
    }
    notes = [:]
    for (key, text) in file.metadata where key.hasPrefix("note.") { notes[String(key.dropFirst(5))] = text }
  }
}

/// Why a file is not a checkpoint that can be continued.
public enum CheckpointError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Another layout: an older or newer version, or plain weights.
  case format(file: String, expected: String, found: String)
  /// A part of the header cannot be understood.
  case damaged(file: String, field: String)

  /// One line: the file, what is wrong, what to do.
  public var description: String {
    switch self {
    case .format(let file, let expected, let found):
      "\(file): not a checkpoint of this version: format \(expected) expected, \(found) found. Start a new training."
    case .damaged(let file, let field):
      "\(file): damaged: the header's \(field) cannot be read. Use an earlier checkpoint."
    }
  }
}

extension SafeTensors {
  fileprivate mutating func add(_ part: [String: Tensor], under prefix: String) {
    for (name, tensor) in part { tensors["\(prefix).\(name)"] = tensor }
  }

  fileprivate func tensors(under prefix: String) -> [String: Tensor] {
    var part: [String: Tensor] = [:]
    for (name, tensor) in tensors where name.hasPrefix("\(prefix).") {
      part[String(name.dropFirst(prefix.count + 1))] = tensor
    }
    return part
  }
}

extension ParameterTable {
  /// The parameters that an optimiser changes.
  fileprivate var trainable: ParameterTable { ParameterTable(parameters.filter { $0.role == .trainable }) }
}
