import ArgumentParser
import ImageAnalysis
import NeuralNetworks
import Vessels

/// One way of training: the network, deformed twins (DS6), projections (SPOCKMIP).
struct AblationVariant: Hashable, Decodable, CustomStringConvertible, ExpressibleByArgument {
  enum Network: String, CaseIterable, Decodable { case unet, mss }
  enum Projections: String, CaseIterable, Decodable { case none, z, multi }

  var network: Network
  var deformation: Bool
  var projections: Projections

  /// All twelve, the plain U-Net first.
  static let all: [AblationVariant] = Network.allCases.flatMap { network in
    [false, true].flatMap { deformation in
      Projections.allCases.map {
        AblationVariant(network: network, deformation: deformation, projections: $0)
      }
    }
  }

  init(network: Network, deformation: Bool, projections: Projections) {
    (self.network, self.deformation, self.projections) = (network, deformation, projections)
  }

  init?(argument: String) {
    guard let found = AblationVariant.all.first(where: { $0.description == argument }) else { return nil }
    self = found
  }

  static let allValueStrings = all.map(\.description)

  var description: String {
    "\(network.rawValue)-\(deformation ? "deformation" : "plain")-\(projections.rawValue)"
  }

  /// What all variants share stands in `size`; patches and first weights come from the seed alone.
  func settings(_ size: AblationSize, seed: Int) -> VesselTrainingSettings {
    var optimization = Trainer.Settings(learningRate: 1e-3, steps: size.steps)
    optimization.algorithm = .adam(Adam(weightDecay: 1e-4))
    optimization.schedule = .cosine(floor: 0.01)
    optimization.gradientLimit = 5
    optimization.averageDecay = 0.99
    let design: UNet3D = network == .mss ? .multiScale(width: size.width) : UNet3D(width: size.width)
    var result = VesselTrainingSettings(design: design, outputs: [.all], optimization: optimization)
    (result.side, result.batch, result.stepsPerEpoch, result.epochs) = (size.side, size.batch, size.steps, 1)
    (result.seed, result.selection) = (UInt64(seed), .last)
    if network == .unet { result.objective.scales = [1] }
    result.objective.crossEntropy = 1
    if deformation {
      result.deformation = RandomElasticDeformation()
      result.objective.consistency = .init()
    }
    if projections != .none {
      result.objective.projection = .init(axes: projections == .z ? [.z] : [.x, .y, .z])
    }
    return result
  }
}

/// How much every variant is trained.
struct AblationSize: ParsableArguments {
  @Option(help: "Channels at full resolution.") var width = 8
  @Option(help: "Side of a patch, in voxels.") var side = 32
  @Option(help: "Patches a step.") var batch = 4
  @Option(help: "Steps of each training.") var steps = 600
  @Option(help: "Seeds of each variant.") var seeds = 3

  func validate() throws {
    guard side % 16 == 0, min(width, batch, steps, seeds) > 0 else {
      throw ValidationError("numbers above 0, the side a multiple of 16")
    }
  }
}
