import Foundation
import NeuralNetworks

/// Labelled cells, and those without a label where they are wanted, as one safetensors file, so that a folder of smears is
/// separated only once.
public struct CellSampleFile: Sendable {
  /// The labelled cells.
  public let samples: [CellSample]
  /// The others that were found.
  public let unlabelled: [UnlabelledCell]
  /// The names of the types.
  public let types: [String]
  /// The smallest and the largest median cell diameter of the images, in pixels.
  public let diameters: [Double]
  /// What was done to make the samples; another text means they must be made again.
  public let origin: String

  /// Cells with the names of their types.
  public init(
    samples: [CellSample], unlabelled: [UnlabelledCell] = [], types: [String], diameters: [Double],
    origin: String
  ) {
    self.samples = samples
    self.unlabelled = unlabelled
    self.types = types
    self.diameters = diameters
    self.origin = origin
  }

  private struct Sources: Codable {
    let types: [String]
    let diameters: [Double]
    let sources: [String]
    let slides: [String]
  }

  /// Write the file whole or not at all.
  public func write(to url: URL) throws {
    let inputs = samples.map(\.input) + unlabelled.map(\.input)
    var bytes = Data(capacity: inputs.count * 4 * CellImage.side * CellImage.side)
    for input in inputs { input.image.pixels.withUnsafeBytes { bytes.append(contentsOf: $0) } }
    let names = Sources(
      types: types, diameters: diameters, sources: samples.map(\.source) + unlabelled.map(\.source),
      slides: samples.map(\.slide) + unlabelled.map(\.slide))
    try SafeTensors(
      [
        "pixels": .init(
          type: .uint8, shape: [inputs.count, CellImage.side, CellImage.side, 4], bytes: bytes),
        "features": .init(
          inputs.flatMap(\.features.values), shape: [inputs.count, CellFeatures.count]),
        "profiles": .init(
          inputs.flatMap(\.profile.values), shape: [inputs.count, CellProfile.count]),
        "types": .init(
          samples.map { Int64($0.type) } + unlabelled.map { _ in -1 }, shape: [inputs.count]),
      ],
      metadata: [
        "origin": origin, "names": String(decoding: try JSONEncoder().encode(names), as: UTF8.self),
      ]
    ).write(to: url)
  }

  /// Read a file.
  /// - Throws: `SafeTensorsError`, or ``CellModelError`` for one that holds something else.
  public init(contentsOf url: URL) throws {
    let file = try SafeTensors(contentsOf: url)
    let area = CellImage.side * CellImage.side
    guard let pixels = file.tensors["pixels"], let features = file.tensors["features"]?.floats,
      let profiles = file.tensors["profiles"]?.floats,
      let types = file.tensors["types"]?.floats, let origin = file.metadata["origin"],
      let text = file.metadata["names"],
      let names = try? JSONDecoder().decode(Sources.self, from: Data(text.utf8)),
      pixels.bytes.count == 4 * area * types.count, names.sources.count == types.count,
      names.slides.count == types.count, names.diameters.count == 2,
      features.count == types.count * CellFeatures.count,
      profiles.count == types.count * CellProfile.count,
      types.allSatisfy({ $0 >= -1 && Int($0) < names.types.count })
    else { throw CellModelError.otherContents(file: url.path, expected: "labelled cells of this version") }
    self.origin = origin
    self.types = names.types
    diameters = names.diameters
    func input(_ index: Int) -> CellInput {
      let picture = pixels.bytes.withUnsafeBytes { bytes in
        (0..<area).map {
          bytes.loadUnaligned(fromByteOffset: 4 * (index * area + $0), as: SIMD4<UInt8>.self)
        }
      }
      let facts = features[index * CellFeatures.count..<(index + 1) * CellFeatures.count]
      return CellInput(
        image: CellImage(pixels: picture), features: CellFeatures(values: Array(facts)),
        profile: CellProfile(
          values: Array(profiles[index * CellProfile.count..<(index + 1) * CellProfile.count])))
    }
    samples = types.indices.filter { types[$0] >= 0 }.map { index in
      CellSample(
        input: input(index), type: Int(types[index]), source: names.sources[index],
        slide: names.slides[index])
    }
    unlabelled = types.indices.filter { types[$0] < 0 }.map { index in
      UnlabelledCell(input: input(index), source: names.sources[index], slide: names.slides[index])
    }
  }
}

/// Why a file is no classifier of cells, or no samples of them.
public enum CellModelError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A safetensors file with something else in it.
  case otherContents(file: String, expected: String)
  /// Labels that cannot be learned from.
  case unusableLabels(reason: String)

  /// One line: the file, what is wrong, what to do.
  public var description: String {
    switch self {
    case .otherContents(let file, let expected):
      "\(file): \(expected) expected, something else found. Give another file."
    case .unusableLabels(let reason):
      "the labels cannot be learned from: \(reason)."
    }
  }
}
