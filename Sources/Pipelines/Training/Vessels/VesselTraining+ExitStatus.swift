import NeuralNetworks
import Vessels

extension VesselTrainingError: ExitStatusProviding {
  /// 78 for other settings, 73 where a checkpoint cannot be kept.
  public var exitStatus: ExitStatus {
    switch self {
    case .otherSettings: .configuration
    case .cannotKeep: .cannotCreate
    }
  }
}

extension CheckpointError: ExitStatusProviding {
  /// 65.
  public var exitStatus: ExitStatus { .badData }
}
