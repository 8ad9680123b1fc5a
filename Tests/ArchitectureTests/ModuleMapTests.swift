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
    "malpighi": images.union(domains).union([
      "ImageFiles", "NeuralNetworks", "Reports", "Pipelines", "CStartup",
    ]),
    "Benchmarks": images.union(domains).union(["ImageFiles", "NeuralNetworks", "Reports", "Pipelines"]),
  ]

  static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources")

  /// The modules of this package that the Swift files of `module` import.
  static func imports(of module: String) throws -> [(file: String, module: String)] {
    let folder = sources.appendingPathComponent(module)
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?
      .compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
    let swiftFiles = try #require(files)
    #expect(!swiftFiles.isEmpty)
    var found: [(file: String, module: String)] = []
    for file in swiftFiles {
      for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
        let words = line.split(separator: " ")
        guard let keyword = words.firstIndex(of: "import"), keyword + 1 < words.count,
          words[..<keyword].allSatisfy({
            $0.hasPrefix("@") || ["public", "package", "internal"].contains($0)
          })
        else { continue }
        let imported = String(words.last?.split(separator: ".").first ?? "")
        if own.contains(imported) { found.append((file.lastPathComponent, imported)) }
      }
    }
    return found
  }

  private static let own = Set(allowed.keys).union([
    "CNIfTI", "COpenBLAS", "COneDNN", "CPNG", "CTurboJPEG", "CDeflate", "CMessageDigest",
    "CStartup",
  ])

  @Test("Every module imports only what the map allows", arguments: allowed.keys.sorted())
  func imports(module: String) throws {
    for (file, imported) in try Self.imports(of: module) {
      #expect(Self.allowed[module]?.contains(imported) == true, "\(file) of \(module) imports \(imported)")
    }
  }

  @Test("The graph in the documentation is that of the imports")
  func documentedGraph() throws {
    let article = Self.sources.appendingPathComponent("Pipelines/Documentation.docc/Architecture.md")
    let text = try String(contentsOf: article, encoding: .utf8)
    let marks = ["<!-- module graph -->\n", "<!-- end of module graph -->"]
    let parts = text.components(separatedBy: marks[0])
    let tail = try #require(parts.last).components(separatedBy: marks[1])
    try #require(parts.count == 2 && tail.count == 2, "the two marks of the graph")
    let graph = try Self.graph()
    if ProcessInfo.processInfo.environment["MALPIGHI_RECORD"] != nil {
      try Data((parts[0] + marks[0] + graph + marks[1] + tail[1]).utf8).write(to: article)
    } else {
      #expect(tail[0] == graph, "MALPIGHI_RECORD=1 draws it again")
    }
  }

  /// One line a module, those that import least first.
  private static func graph() throws -> String {
    var imports: [String: Set<String>] = [:]
    for module in allowed.keys { imports[module] = Set(try self.imports(of: module).map(\.module)) }
    // How many modules lie below: a module stands below all that import it.
    func depth(_ module: String) -> Int { (imports[module] ?? []).map { depth($0) + 1 }.max() ?? 0 }
    let order = imports.keys.sorted { (depth($0), $0) < (depth($1), $1) }
    let width = order.map(\.count).max() ?? 0
    let lines = order.map { module in
      let below = (imports[module] ?? []).sorted { (depth($0), $0) < (depth($1), $1) }
      return module.padding(toLength: width + 2, withPad: " ", startingAt: 0)
        + (below.isEmpty ? "-" : below.joined(separator: " "))
    }
    return "```\n" + lines.joined(separator: "\n") + "\n```\n"
  }

  @Test("Every module of Sources stands in the map")
  func complete() throws {
    let folders = try FileManager.default.contentsOfDirectory(atPath: Self.sources.path)
    let modules = folders.filter { !($0.hasPrefix("C") && $0.dropFirst().first?.isUppercase == true) }
    #expect(Set(modules) == Set(Self.allowed.keys))
  }
}
