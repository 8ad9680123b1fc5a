import DenoisedVessels
import Foundation

let arguments = CommandLine.arguments.dropFirst().map { URL(fileURLWithPath: $0) }
guard arguments.count == 3 else {
  print("usage: segment-denoised SCAN PIPELINE.yaml OUTPUT")
  exit(64)
}
let record = try segmentVessels(of: arguments[0], with: arguments[1], into: arguments[2])
print("\(record.id): \(record.status.rawValue)")
exit(Int32(record.exitCode))
