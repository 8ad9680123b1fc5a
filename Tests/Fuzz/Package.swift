// swift-tools-version: 6.2
import PackageDescription

// The readers of untrusted bytes and what they need, from the sources of the package (Sources is a link), built with
// libFuzzer and the address sanitizer: bash Tests/Fuzz/run.sh
let package = Package(
  name: "Fuzz",
  dependencies: [
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
  ],
  targets: [
    .target(name: "CNIfTI", linkerSettings: [.linkedLibrary("nifti2"), .linkedLibrary("znz")]),
    .systemLibrary(name: "COpenBLAS"),
    .systemLibrary(name: "CPNG"),
    .systemLibrary(name: "CTurboJPEG"),
    .systemLibrary(name: "CDeflate"),
    .systemLibrary(name: "CMessageDigest"),
    .target(name: "Imaging"),
    .target(name: "Files", dependencies: [.product(name: "SystemPackage", package: "swift-system")]),
    .target(name: "Numerics", dependencies: ["COpenBLAS"]),
    .target(
      name: "ImageFiles",
      dependencies: [
        "Files", "Imaging", "Numerics", "CNIfTI", "CPNG", "CTurboJPEG", "CDeflate",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .target(
      name: "SafeTensors", dependencies: ["Files", "Numerics"], path: "Sources/NeuralNetworks/Weights",
      sources: [
        "SafeTensors.swift", "SafeTensorsHeader.swift", "SafeTensors+Checksum.swift",
        "SafeTensors+Values.swift",
        "TensorType.swift", "HalfPrecision.swift",
      ]),
    .target(name: "Reports", dependencies: [], path: "Sources/Reports/Documents"),
    .target(
      name: "Pipelines",
      dependencies: [
        "Files", "ImageFiles", "Reports", "CMessageDigest", "Yams",
        .product(name: "Logging", package: "swift-log"),
      ], path: "Sources/Pipelines",
      sources: [
        "Configuration", "Parameters", "PipelineError.swift", "ExitStatus.swift",
        "ImageFileError+ExitStatus.swift",
        "Stages/Stage.swift", "Stages/StageContext.swift", "Stages/StageRegistry.swift",
        "Stages/CaseSize.swift",
        "Cluster/ClusterSettings.swift", "Cases/Case.swift", "Cases/CaseIdentifier.swift",
        "Running/AddressSpace.swift", "Running/ContentDigest.swift", "Running/SHA256.swift",
        "Running/Interruption.swift", "Running/MemoryEstimate.swift",
        "Running/ProcessMemory.swift", "Running/StageRecord.swift", "Synthesis/Synthesis.swift",
        "Training/Training.swift",
      ]),
    .executableTarget(
      name: "Fuzz", dependencies: ["CDeflate", "ImageFiles", "SafeTensors", "Pipelines"], path: "Targets"),
  ],
  swiftLanguageModes: [.v6]
)
