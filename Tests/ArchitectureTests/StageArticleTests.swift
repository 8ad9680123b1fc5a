import Foundation
import Testing

/// The article on a stage of one's own shows the files of the example as they are.
@Suite("The example of the documentation")
struct StageArticleTests {
  private static let root = ModuleMapTests.sources.deletingLastPathComponent()

  @Test("Every file of the article is that of Tests/StageOfYourOwn")
  func files() throws {
    let article = Self.root.appendingPathComponent("Sources/Pipelines/Documentation.docc/StageOfYourOwn.md")
    let text = try String(contentsOf: article, encoding: .utf8)
    let shown = text.matches(of: /`([A-Za-z\/.-]+)`\n\n```(?:swift|yaml)\n((?:.|\n)*?)```/)
    #expect(shown.count == 5)
    for block in shown {
      let file = Self.root.appendingPathComponent("Tests/StageOfYourOwn/\(block.1)")
      let contents = try String(contentsOf: file, encoding: .utf8)
      #expect(contents == block.2, "\(block.1)")
    }
  }
}
