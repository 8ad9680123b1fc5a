import Foundation
import Testing

/// Whoever reads a number in the README finds beside it how it is made again.
@Suite("Recipes of the README's tables")
struct EvidenceRecipesTests {
  private static let root = ModuleMapTests.sources.deletingLastPathComponent()
  private static let recipes = root.appendingPathComponent("pipelines/evidence")
  private static let readme =
    (try? String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)) ?? ""

  /// Blocks of lines without an empty line between them.
  private static var blocks: [String] { readme.components(separatedBy: "\n\n") }

  @Test("Every table with measured numbers names a recipe before or behind it, or a command in every row")
  func tables() throws {
    let number = /\d\.\d/
    var found = 0
    for (index, block) in Self.blocks.enumerated() where block.contains("\n| ---") {
      let rows = block.split(separator: "\n").filter { $0.hasPrefix("|") }.dropFirst(2)
      guard rows.contains(where: { $0.contains(number) }) else { continue }
      found += 1
      let around = Self.blocks[max(0, index - 1)...min(Self.blocks.count - 1, index + 1)].joined()
      let hasRecipe = around.contains(/pipelines\/evidence\/[a-z-]+\.yaml/)
      #expect(hasRecipe || rows.allSatisfy { $0.contains("`malpighi") }, "\(block.prefix(200))")
    }
    #expect(found > 0)
  }

  @Test("The recipes named in README and documentation are there, and every recipe is named")
  func named() throws {
    var text = Self.readme
    let files =
      FileManager.default.enumerator(
        at: ModuleMapTests.sources.resolvingSymlinksInPath(), includingPropertiesForKeys: nil)?.compactMap {
        $0 as? URL
      } ?? []
    for file in files where file.pathExtension == "md" {
      text += try String(contentsOf: file, encoding: .utf8)
    }
    let named = Set(text.matches(of: /evidence\/([a-z-]+)\.yaml/).map { String($0.1) })
    let there = try FileManager.default.contentsOfDirectory(atPath: Self.recipes.path)
      .filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }
    #expect(named == Set(there))
  }
}
