// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "DenoisedVessels",
  dependencies: [.package(name: "Malpighi", path: "../..")],
  targets: [
    .target(name: "DenoisedVessels", dependencies: [.product(name: "Malpighi", package: "Malpighi")]),
    .executableTarget(name: "segment-denoised", dependencies: ["DenoisedVessels"]),
  ],
  swiftLanguageModes: [.v6]
)
