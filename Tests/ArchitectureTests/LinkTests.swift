import Foundation
import Testing

/// Links and pictures of the pages, as they are read on disk and on a forge.
@Suite("Links")
struct LinkTests {
  private static let root = ModuleMapTests.sources.deletingLastPathComponent()

  /// README.md, the pages of data/ and the articles of all modules.
  private static func pages() throws -> [URL] {
    var pages = [root.appendingPathComponent("README.md")]
    for folder in ["data", "Sources"] {
      let files = FileManager.default.enumerator(
        at: root.appendingPathComponent(folder), includingPropertiesForKeys: nil)
      pages += try #require(files).compactMap { $0 as? URL }.filter { $0.pathExtension == "md" }
    }
    return pages
  }

  @Test("Every relative link and picture leads to a file of this package")
  func relative() throws {
    let pages = try Self.pages()
    var links = 0
    for page in pages {
      for link in try String(contentsOf: page, encoding: .utf8).matches(of: /\]\(([^()\s]+)\)/) {
        let target = link.1.prefix { $0 != "#" }
        if target.isEmpty || target.contains(":") { continue }
        links += 1
        let file = page.deletingLastPathComponent().appendingPathComponent(String(target))
        #expect(FileManager.default.fileExists(atPath: file.path), "\(page.lastPathComponent): \(target)")
      }
    }
    #expect(pages.count > 20 && links > 40)
  }
}
