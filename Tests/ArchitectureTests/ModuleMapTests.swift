import Foundation
import Testing

/// The module map of the documentation, held against the imports in Sources.
@Suite("Module map")
struct ModuleMapTests {
  static let domains: Set = ["Vessels", "BloodCells", "Glioma"]
  static let images: Set = ["Imaging", "Numerics", "ImageAnalysis", "Metrics"]

  /// The modules of this package that each module may import.
  static let allowed: [String: Set<String>] = [
    "Imaging": [],
    "Files": [],
    "Numerics": ["COpenBLAS"],
    "ImageFiles": ["Files", "Imaging", "Numerics", "CNIfTI", "CPNG", "CTurboJPEG", "CDeflate"],
    "ImageAnalysis": ["Imaging", "Numerics"],
    "Metrics": ["Imaging", "Numerics", "ImageAnalysis"],
    "NeuralNetworks": ["Files", "Numerics", "COneDNN", "COpenBLAS"],
    "Vessels": images.union(["NeuralNetworks"]),
    "BloodCells": images.union(["NeuralNetworks"]),
    "Glioma": images,
    "Reports": images.union(["ImageFiles"]),
    "Pipelines": images.union(domains).union([
      "Files", "ImageFiles", "NeuralNetworks", "Reports", "CMessageDigest",
    ]),
    "malpighi": images.union(domains).union(["ImageFiles", "NeuralNetworks", "Reports", "Pipelines"]),
    "Benchmarks": images.union(domains).union(["ImageFiles", "NeuralNetworks", "Reports", "Pipelines"]),
  ]

  static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources")

  @Test("Every module imports only what the map allows", arguments: allowed.keys.sorted())
  func imports(module: String) throws {
    let own = Set(Self.allowed.keys).union([
      "CNIfTI", "COpenBLAS", "COneDNN", "CPNG", "CTurboJPEG", "CDeflate", "CMessageDigest",
    ])
    let folder = Self.sources.appendingPathComponent(module)
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?
      .compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
    let swiftFiles = try #require(files)
    #expect(!swiftFiles.isEmpty)
    for file in swiftFiles {
      for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
        let words = line.split(separator: " ")
        guard let keyword = words.firstIndex(of: "import"), keyword + 1 < words.count,
          words[..<keyword].allSatisfy({
            $0.hasPrefix("@") || ["public", "package", "internal"].contains($0)
          })
        else { continue }
        let imported = String(words.last?.split(separator: ".").first ?? "")
        guard own.contains(imported) else { continue }
        #expect(
          Self.allowed[module]?.contains(imported) == true,
          "\(file.lastPathComponent) of \(module) imports \(imported)")
      }
    }
  }

  @Test("Every module of Sources stands in the map")
  func complete() throws {
    let folders = try FileManager.default.contentsOfDirectory(atPath: Self.sources.path)
    let modules = folders.filter { !($0.hasPrefix("C") && $0.dropFirst().first?.isUppercase == true) }
    #expect(Set(modules) == Set(Self.allowed.keys))
  }
}
