// swift-tools-version: 6.2
import Foundation
import PackageDescription

// MARK: - The machine to build for

/// The kernels are written in fixed-width SIMD; without an instruction-set level the compiler would have to
/// assume a CPU of 2003 and call a library function for every fused multiply-add. The default is the level of
/// the machine that builds. `MALPIGHI_CPU` overrides it: `x86-64-v3` for a cluster with mixed nodes, `baseline`
/// for anything.
let instructionSetLevel: String? = {
  if let chosen = Context.environment["MALPIGHI_CPU"] { return chosen == "baseline" ? nil : chosen }
  guard let description = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8),
    let line = description.split(separator: "\n").first(where: { $0.hasPrefix("flags") })
  else { return nil }
  let flags = Set(line.split(separator: " "))
  if flags.isSuperset(of: ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"]) { return "x86-64-v4" }
  if flags.isSuperset(of: ["avx2", "bmi2", "fma", "f16c", "movbe"]) { return "x86-64-v3" }
  return nil
}()

let settings: [SwiftSetting] =
  [.treatAllWarnings(as: .error)]
  + (instructionSetLevel.map { [.unsafeFlags(["-Xcc", "-march=\($0)"])] } ?? [])

/// A library of this package in `Sources/NAME`.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// The tests of a module in `Tests/NAMETests`.
func tests(of name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.byName(name: name), "TestSupport"] + dependencies,
    exclude: FileManager.default.fileExists(atPath: "\(Context.packageDirectory)/Tests/\(name)Tests/Golden")
      ? ["Golden"] : [],
    swiftSettings: settings)
}

let package = Package(
  name: "Malpighi",
  products: [
    .executable(name: "malpighi", targets: ["malpighi"]),
    .executable(name: "malpighi-benchmarks", targets: ["Benchmarks"]),
    .library(
      name: "Malpighi",
      targets: [
        "Files", "Imaging", "ImageFiles", "Numerics", "ImageAnalysis", "Metrics", "NeuralNetworks", "Vessels",
        "BloodCells", "Glioma", "Reports", "Pipelines",
      ]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.0"),
  ],
  targets: [
    // MARK: - System libraries
    .target(name: "CNIfTI", linkerSettings: [.linkedLibrary("nifti2"), .linkedLibrary("znz")]),
    .target(name: "COneDNN", linkerSettings: [.linkedLibrary("dnnl")]),
    .systemLibrary(name: "COpenBLAS"),
    .systemLibrary(name: "CPNG"),
    .systemLibrary(name: "CTurboJPEG"),
    .systemLibrary(name: "CDeflate"),
    .systemLibrary(name: "CMessageDigest"),
    .target(name: "CStartup"),

    // MARK: - Images and numbers
    module("Imaging"),
    module("Numerics", ["COpenBLAS"]),
    module("Files", [.product(name: "SystemPackage", package: "swift-system")]),
    module(
      "ImageFiles",
      [
        "Files", "Imaging", "Numerics", "CNIfTI", "CPNG", "CTurboJPEG", "CDeflate",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    module("ImageAnalysis", ["Imaging", "Numerics"]),
    module("Metrics", ["Imaging", "Numerics", "ImageAnalysis"]),
    module(
      "NeuralNetworks", ["Files", "Numerics", "COneDNN", .product(name: "Logging", package: "swift-log")]),

    // MARK: - Domains (never import each other)
    module("Vessels", ["Imaging", "Numerics", "NeuralNetworks", "ImageAnalysis", "Metrics"]),
    module("BloodCells", ["Imaging", "Numerics", "NeuralNetworks", "ImageAnalysis", "Metrics"]),
    module("Glioma", ["Imaging", "Numerics", "ImageAnalysis", "Metrics"]),

    // MARK: - From a folder of files to reports
    module(
      "Reports",
      [
        "Imaging", "Numerics", "ImageAnalysis", "ImageFiles", "Metrics",
        .product(name: "Mustache", package: "swift-mustache"),
      ]),
    module(
      "Pipelines",
      [
        "Files", "Imaging", "Numerics", "ImageAnalysis", "ImageFiles", "Metrics", "NeuralNetworks", "Vessels",
        "BloodCells", "Glioma", "Reports", "CMessageDigest", "Yams",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "SystemPackage", package: "swift-system"),
        .product(name: "Subprocess", package: "swift-subprocess"),
      ]),
    .executableTarget(
      name: "malpighi",
      dependencies: [
        "CStartup", "Pipelines", "Reports", "ImageFiles", "Numerics", "Metrics",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: settings),
    .executableTarget(
      name: "Benchmarks",
      dependencies: [
        "Imaging", "Numerics", "ImageFiles", "ImageAnalysis", "Metrics", "NeuralNetworks", "Vessels",
        "BloodCells", "Glioma", "Reports", "Pipelines", "Yams",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      exclude: ["Results"],
      // The Python programs of comparisons travel inside the executable.
      resources: ["peer", "network", "unet", "infer", "metrics", "load", "contours"].map {
        .embedInCode("Peers/Programs/\($0).py")
      },
      swiftSettings: settings),

    // MARK: - Tests
    .target(
      name: "TestSupport", dependencies: ["Imaging", "Numerics"], path: "Tests/TestSupport",
      swiftSettings: settings),
    tests(of: "Glioma", ["Imaging", "ImageAnalysis", "ImageFiles", "Numerics"]),
    tests(of: "Imaging"),
    tests(
      of: "Files",
      ["ImageFiles", "Imaging", .product(name: "SystemPackage", package: "swift-system")]),
    tests(
      of: "ImageFiles", [.product(name: "SystemPackage", package: "swift-system"), "CDeflate", "CTurboJPEG"]),
    tests(of: "Numerics"),
    .testTarget(name: "ArchitectureTests", swiftSettings: settings),
    tests(of: "NeuralNetworks", ["COneDNN", "Numerics"]),
    tests(of: "ImageAnalysis"),
    tests(of: "Metrics", ["ImageAnalysis"]),
    tests(of: "BloodCells", ["ImageAnalysis", "Imaging", "Metrics", "NeuralNetworks", "Numerics"]),
    tests(of: "Vessels"),
    .target(
      name: "DenoisedVessels", dependencies: ["ImageAnalysis", "ImageFiles", "Imaging", "Pipelines"],
      path: "Tests/StageOfYourOwn/Sources/DenoisedVessels", swiftSettings: settings),
    tests(
      of: "Pipelines",
      [
        "Reports", "Imaging", "ImageAnalysis", "ImageFiles", "Metrics", "NeuralNetworks", "Numerics",
        "Vessels", "DenoisedVessels",
      ]),
    tests(of: "Reports", ["ImageFiles", "Imaging"]),
    .testTarget(
      name: "CommandLineTests",
      dependencies: ["malpighi", "Benchmarks", "ImageFiles", "Imaging", "TestSupport"],
      exclude: ["Golden"], swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)
