import Foundation
import TestSupport
import Testing

/// A command of a document with the lines that it shows as its output.
struct DocumentedCommand: Sendable, CustomTestStringConvertible {
  let command: String
  var expected: [String] = []
  var testDescription: String { command }

  /// The commands after `$ ` in the blocks marked `console` of a Markdown text.
  static func all(in text: String) -> [DocumentedCommand] {
    var commands: [DocumentedCommand] = []
    var isInside = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        isInside = line == "```console"
      } else if isInside, line.hasPrefix("$ ") {
        commands.append(DocumentedCommand(command: String(line.dropFirst(2))))
      } else if isInside, !line.isEmpty {
        commands[commands.count - 1].expected.append(String(line))
      }
    }
    return commands
  }

  /// Whether `line` of the document is among the lines of `output`: any amount of white space counts as one space, `…` stands
  /// for anything.
  static func shows(_ line: String, in output: String) -> Bool {
    func words(_ text: some StringProtocol) -> String {
      text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
    let parts = words(line).components(separatedBy: "…")
    return output.split(separator: "\n").contains { candidate in
      var rest = Substring(words(candidate))
      guard rest.hasPrefix(parts[0]), rest.hasSuffix(parts[parts.count - 1]) else { return false }
      for part in parts where !part.isEmpty {
        guard let found = rest.range(of: part) else { return false }
        rest = rest[found.upperBound...]
      }
      return parts.count > 1 || rest.isEmpty
    }
  }
}

@Suite("Commands of the README and of Getting started", .serialized)
struct ReadmeTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  private static func text(_ path: String) -> String {
    (try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)) ?? ""
  }
  private static let readme = text("README.md")
  private static let article = text("Sources/Pipelines/Documentation.docc/GettingStarted.md")
  private static let commands = DocumentedCommand.all(in: readme) + DocumentedCommand.all(in: article)

  @Test("There are commands to try, in at most 200 lines")
  func hasCommands() {
    #expect(DocumentedCommand.all(in: Self.readme).count >= 5)
    #expect(DocumentedCommand.all(in: Self.article).count >= 5)
    #expect(Self.readme.split(separator: "\n", omittingEmptySubsequences: false).count <= 201)
  }

  @Test("Every command shown on the samples works and prints what is shown", arguments: commands)
  func works(command: DocumentedCommand) throws {
    try withTemporaryFolder { folder in
      for name in ["data", "pipelines"] {
        try FileManager.default.createSymbolicLink(
          at: folder.appendingPathComponent(name),
          withDestinationURL: Self.root.appendingPathComponent(name))
      }
      let line = command.command.replacingOccurrences(of: "malpighi ", with: "$MALPIGHI ")
      let run = try Program.shell(line, in: folder)
      #expect(run.status == 0, "\(run.errors)")
      for expected in command.expected {
        #expect(
          DocumentedCommand.shows(expected, in: run.output), "'\(expected)' is not in:\n\(run.output)")
      }
    }
  }

  @Test("A shown line is found whatever its spaces; another number is not")
  func comparison() {
    let output = "mean dice   0.883  \n  done in 4.1 s, 2 cases\n"
    #expect(DocumentedCommand.shows("  mean dice 0.883", in: output))
    #expect(DocumentedCommand.shows("done in … s, 2 cases", in: output))
    #expect(!DocumentedCommand.shows("mean dice 0.884", in: output))
    #expect(!DocumentedCommand.shows("mean dice", in: output))
    #expect(!DocumentedCommand.shows("done in … s, 3 cases", in: output))
  }
}
