import Foundation
import Pipelines
import Reports
import TestSupport
import Testing

@Suite("The summary of a batch")
struct BatchSummaryTests {
  func row(
    _ id: String, _ metrics: [String: Double?], _ status: CaseStatus = .done
  ) -> BatchSummary.Row {
    BatchSummary.Row(
      id: id, status: status, exitCode: status == .failed ? 65 : 0,
      error: status == .failed ? "<b>bad</b>" : nil,
      seconds: 1, metrics: metrics)
  }

  @Test("Means leave out what is undefined and count it; failed cases do not count")
  func means() {
    let summary = BatchSummary([
      row("b", ["dice": 0.5, "hd95_mm": nil]), row("a", ["dice": 1, "hd95_mm": 3]),
      row("c", [:], .failed),
      row("d", ["dice": nil, "only": nil]),
    ])
    #expect(summary.cases.map(\.id) == ["a", "b", "c", "d"])
    #expect(summary.failed == 1)
    #expect(summary.mean["dice"] == .some(0.75))
    #expect(summary.mean["hd95_mm"] == .some(3))
    #expect((summary.mean["only"] ?? 1) == nil)
    #expect(summary.undefined == ["dice": 1, "hd95_mm": 1, "only": 1])
    #expect(summary.metricNames == ["dice", "hd95_mm", "only"])
  }

  @Test("Odd names are escaped in the table, the page and the JSON")
  func escaping() throws {
    try withTemporaryFolder { folder in
      let name = "a\tb\nc \"quoted\" <script>alert('x')</script> & 50%?#"
      let summary = BatchSummary([row(name, ["dice": 0.5]), row("z", [:], .failed)])
      try summary.write(to: folder, title: "t<i>")
      let table = try String(contentsOf: folder.appendingPathComponent("metrics.tsv"), encoding: .utf8)
      #expect(
        table == """
          case\tstatus\tdice
          a\\tb\\nc "quoted" <script>alert('x')</script> & 50%?#\tdone\t0.5
          z\tfailed\tn/a

          """)
      let page = try String(contentsOf: folder.appendingPathComponent("index.html"), encoding: .utf8)
      #expect(!page.contains("<script>alert"))
      #expect(page.contains("&lt;script&gt;alert("))
      #expect(!page.contains("<b>bad</b>") && !page.contains("t<i>"))
      #expect(page.contains("%3Cscript%3E") && page.contains("50%25%3F%23/report.html"))
      let data = try Data(contentsOf: folder.appendingPathComponent("summary.json"))
      #expect(try JSONText.decode(BatchSummary.self, from: data).cases.map(\.id) == [name, "z"])
    }
  }
}
