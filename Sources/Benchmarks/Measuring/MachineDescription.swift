import Foundation
import Pipelines

/// What a time depends on.
struct MachineDescription: Encodable {
  var processor: String
  /// Instruction sets that matter.
  var features: [String]
  var cores: Int
  var memoryMib: Int
  var system: String
  /// The compiler that built this program.
  var compiler: String
  /// The version of this package.
  var malpighi: String
  /// The versions of the C libraries.
  var libraries: [String: String]

  static func ofThisMachine() -> MachineDescription {
    let machine = Examination.ofThisMachine()
    return MachineDescription(
      processor: machine.processor, features: machine.features, cores: machine.cores,
      memoryMib: machine.memoryMiB, system: machine.system, compiler: compiler, malpighi: machine.malpighi,
      libraries: machine.libraries)
  }

  private static var compiler: String {
    #if compiler(>=6.4)
      "Swift 6.4 or later"
    #elseif compiler(>=6.3)
      "Swift 6.3"
    #else
      "Swift 6.2"
    #endif
  }
}
