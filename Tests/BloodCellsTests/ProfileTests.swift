import BloodCells
import Foundation
import NeuralNetworks
import Numerics
import Testing

@Suite("Profiles of cells") struct ProfileTests {
  /// A cell whose outline is `radius` of the angle, in pixels, red by the share of that radius; empty slide around it.
  func drawn(red: (Double) -> UInt8 = { _ in 120 }, radius: (Double) -> Double) -> CellImage {
    let middle = Double(CellImage.side - 1) / 2
    return CellImage(
      pixels: (0..<CellImage.side * CellImage.side).map { index in
        let x = Double(index % CellImage.side) - middle
        let y = Double(index / CellImage.side) - middle
        let share = (x * x + y * y).squareRoot() / radius(atan2(y, x))
        return share <= 1 ? [red(share), 100, 90, 255] : [224, 224, 224, CellImage.neutral]
      })
  }

  @Test("Twelve spikes are the twelfth amplitude of the outline, half their height", arguments: [0.04, 0.1])
  func spikes(height: Double) {
    let values = PolarDescriptors(of: drawn { 20 * (1 + height * cos(12 * $0)) }).values
    #expect(abs(Double(values[12]) - height / 2) < 0.12 * height + 0.004, "amplitude \(values[12])")
    let others = (3..<24).filter { $0 != 12 }.map { values[$0] }
    #expect(others.max() ?? 1 < 0.35 * values[12])
    // The highest amplitude beyond the second order comes last of the six.
    #expect(values[25 + 9 + 5] == values[12])
  }

  @Test("A cell that lies otherwise has the same descriptors") func turned() {
    // A drop: a tail to one side, and a pale middle.
    func drop(_ turn: Double) -> [Float] {
      PolarDescriptors(
        of: drawn(red: { $0 < 0.4 ? 200 : 120 }) { 17 * (1 + 0.5 * pow(max(0, cos($0 - turn)), 12)) }
      ).values
    }
    let plain = drop(0.3)
    for turn in [1.1, 2.5, -2] {
      let worst = zip(plain, drop(turn)).map { abs($0 - $1) }.max() ?? 1
      #expect(worst < 0.12, "turn \(turn): \(worst)")
    }
    let disc = PolarDescriptors(of: drawn { _ in 17 }).values
    // The farthest point of the outline tells a drop from a disc.
    #expect(plain[25] > disc[25] + 0.05 && abs(disc[25] - 1) < 0.06, "\(plain[25]), \(disc[25])")
  }

  @Test("Rings tell the colour from the middle outwards") func rings() {
    let values = PolarDescriptors(of: drawn(red: { $0 < 0.5 ? 210 : 112 }) { _ in 22 }).values
    // Red comes first; seven numbers a ring, the mean first.
    let red = (0..<11).map { values[40 + 7 * $0] }
    #expect(abs(red[0] - 210 / 224) < 1e-3 && abs(red[6] - 112 / 224) < 1e-3)
    #expect(abs(red[10] - 1) < 1e-3)
    // Nothing changes along a ring.
    #expect((1..<7).allSatisfy { values[40 + 7 * 6 + $0] < 1e-3 })
  }

  @Test("A picture without a cell has zeros") func empty() {
    #expect(PolarDescriptors(of: drawn { _ in 2 }).values.allSatisfy { $0 == 0 })
    #expect(PolarDescriptors(of: drawn { _ in 2 }).values.count == PolarDescriptors.count)
  }

  @Test("Of the other cells a profile holds mean and standard deviation") func field() {
    let count = CellProfile.ownCount
    let profiles = CellProfile.profiles([1, 2, 6].map { [Float](repeating: $0, count: count) })
    #expect(
      profiles[0].values[0] == 1 && profiles[0].values[count] == 4 && profiles[0].values[2 * count] == 2)
    #expect(profiles[2].values[count] == 1.5 && profiles[2].values[2 * count] == 0.5)
    let alone = CellProfile.profiles([[Float](repeating: 3, count: count)])
    #expect(alone[0].values[count] == 3 && alone[0].values[2 * count] == 0)
  }

  /// Discs and burr cells of several sizes and colours, all alone in their images.
  func burrs(_ count: Int, seed: UInt64) -> [CellSample] {
    var stream = RandomStream(seed: seed, purpose: "burrs")
    return (0..<count).map { index in
      let (size, phase) = (Double(stream.uniform(15...20)), Double(stream.uniform(0...6)))
      let (height, red) = (
        index % 2 == 0 ? 0 : Double(stream.uniform(0.05...0.1)), UInt8(stream.integer(90...150))
      )
      let image = drawn(red: { _ in red }) { size * (1 + height * cos(12 * $0 + phase)) }
      let features = CellFeatures(values: [Float](repeating: 0, count: CellFeatures.count))
      let profile = CellProfile.profiles([CellProfile.own(image, features)])[0]
      return CellSample(
        input: CellInput(image: image, features: features, profile: profile), type: index % 2,
        source: "\(index)",
        slide: "\(index)")
    }
  }

  /// A trained pair of networks, with the cells to test on.
  func trained() throws -> (profiles: ProfileClassifier, partition: CellPartition) {
    let partition = CellPartition(
      training: burrs(96, seed: 1), validation: burrs(30, seed: 2), testing: burrs(40, seed: 3))
    var training = ProfileTraining()
    (training.members, training.hidden, training.epochs, training.batch) = (2, 16, 12, 16)
    return (try training.run(on: partition.training, types: ["disc", "burr"]) { _ in }, partition)
  }

  @Test("Discs and burr cells are told apart by their profiles") func learns() throws {
    let (profiles, partition) = try trained()
    let rows = profiles.logProbabilities(of: partition.testing.map(\.input.profile))
    for row in rows { #expect(abs(row.reduce(0) { $0 + exp($1) } - 1) < 0.2) }
    let right = zip(rows, partition.testing).count { ($0[1] > $0[0] ? 1 : 0) == $1.type }
    #expect(Double(right) > 0.85 * Double(rows.count), "\(right) of \(rows.count)")
  }

  @Test("Networks of profiles answer as their plans do") func withoutPlans() throws {
    let (profiles, partition) = try trained()
    let cells = partition.testing.map(\.input.profile)
    let rows = profiles.logProbabilities(of: cells)
    let numbers = cells.flatMap { cell in
      zip(cell.values, zip(profiles.means, profiles.scales)).map { min(6, max(-6, ($0 - $1.0) * $1.1)) }
    }
    var sums = [[Double]](repeating: [0, 0], count: cells.count)
    for member in profiles.members {
      let plan = try profiles.design.network(types: 2).compile(
        inputShape: [cells.count, CellProfile.count, 1, 1], mode: .inference, precision: .f32)
      try plan.load(member)
      try plan.forward(numbers)
      for row in cells.indices {
        let logits = (0..<2).map { Double(plan.outputs[0].values[2 * row + $0]) }
        let total = log(logits.reduce(0) { $0 + exp($1) })
        for type in 0..<2 { sums[row][type] += (logits[type] - total) / Double(profiles.members.count) }
      }
    }
    #expect(profiles.members.count == 2 && profiles.members[0] != profiles.members[1])
    let worst = zip(rows.joined(), sums.joined()).map { abs($0 - $1) }.max() ?? 1
    #expect(worst < 1e-5, "\(worst)")
    #expect(profiles.logProbabilities(of: []).isEmpty)
  }

  @Test("A classifier with networks of profiles leans on them where its own knows nothing, and reads back")
  func joining() throws {
    let (profiles, partition) = try trained()
    let network = CellNetwork.small(width: 4).network(classes: 2)
    let blind = CellClassifier(design: smallDesign(), weights: network.initialWeights(seed: 2))
    let joined = try blind.joining(profiles, choosingShareOn: partition.validation)
    let share = try #require(joined.profiles?.design.share)
    #expect(share > 0.5)
    let inputs = partition.testing.map(\.input)
    let rows = try joined.logits(of: inputs, precision: .f32)
    var without = joined
    without.profiles?.design.share = 0
    let own = try blind.probabilities(of: inputs, precision: .f32)
    without.design.temperature = 1
    let same = try without.probabilities(of: inputs, precision: .f32)
    for (a, b) in zip(own.joined(), same.joined()) { #expect(abs(a - b) < 1e-6) }

    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: url) }
    try joined.write(to: url)
    let read = try CellClassifier(contentsOf: url)
    #expect(read.design == joined.design && read.profiles?.design == joined.profiles?.design)
    let stored = try read.logits(of: inputs, precision: .f32)
    for (a, b) in zip(rows.joined(), stored.joined()) { #expect(abs(a - b) < 0.03 + 0.03 * abs(a)) }

    var file = try SafeTensors(contentsOf: url)
    file.tensors["profiles.means"] = nil
    try file.write(to: url)
    #expect(throws: CellModelError.otherContents(file: url.path, expected: "a classifier of cells")) {
      try CellClassifier(contentsOf: url)
    }
  }

  @Test("A type without a cell is named") func missingType() throws {
    let samples = try drawnSamples(smears: 1, seed: 3)
    #expect(throws: CellModelError.self) {
      try ProfileTraining().run(on: samples, types: ["round", "long", "sickle"]) { _ in }
    }
  }

  @Test("Ragged or very long parts are no cells of a smear; few cells tell nothing") func plausibility()
    throws
  {
    func cells(_ solidity: Float, _ axisRatio: Float, count: Int = 9) -> [CellFeatures] {
      (0..<count).map { _ in
        CellFeatures(values: [0, 2 * log(axisRatio), 10 * (solidity - 0.95), 0, 0, 0, 0, 0])
      }
    }
    let shape = try JSONDecoder().decode(
      CellShape.self,
      from: Data(
        #"{"relativeArea": 1, "axisRatio": 1.7, "solidity": 0.83, "circularity": 0.7, "pallor": 0, "visibleShare": 1}"#
          .utf8))
    let features = CellFeatures(shape, diameter: 40, reference: nil)
    #expect(abs(features.solidity - 0.83) < 1e-6 && abs(features.axisRatio - 1.7) < 1e-6)
    let round = try #require(SmearPlausibility(cells(0.97, 1.1)))
    #expect(
      round.isPlausible && abs(round.medianSolidity - 0.97) < 1e-6 && abs(round.medianAxisRatio - 1.1) < 1e-6)
    #expect(SmearPlausibility(cells(0.8, 1.1))?.isPlausible == false)
    #expect(SmearPlausibility(cells(0.97, 3))?.isPlausible == false)
    #expect(SmearPlausibility(cells(0.8, 3, count: 4)) == nil)
    // A few ragged ones among cells do not matter.
    #expect(SmearPlausibility(cells(0.97, 1.1, count: 6) + cells(0.5, 4, count: 4))?.isPlausible == true)
    let drawn = try drawnSamples(smears: 1, seed: 4)
    #expect(SmearPlausibility(drawn.map(\.input.features))?.isPlausible == true)
  }
}
