import Foundation
import Reports

extension BatchSummary {
  /// The page that shows all cases: sortable rows, bars of the first score, and what failed.
  func index(title: String) throws -> String {
    let done = cases.count { $0.status == .done }
    var report = Report(
      title: title, subtitle: "\(cases.count) cases: \(done) done, \(failed) failed.")
    let names = metricNames
    report.highlights = names.prefix(6).map { name in
      Report.Highlight(
        ScoreTable.title(name), NumberText.short(mean[name] ?? nil),
        note: undefined[name].map { "mean, undefined in \($0)" } ?? "mean")
    }
    report.sections.append(Report.Section("Cases", [.table(table(names))]))
    if let score = names.first {
      let bars = cases.filter { $0.metrics[score] != nil }.map {
        BarChart.Bar($0.id, $0.metrics[score] ?? nil, link: Self.address(of: $0.id))
      }
      let largest = bars.compactMap(\.value).max() ?? 1
      report.sections.append(
        Report.Section(
          ScoreTable.title(score),
          [.bars(BarChart(title: "each case", bars: bars, maximum: max(1, largest)))])
      )
    }
    let failures = cases.filter { $0.error != nil }
    if !failures.isEmpty {
      report.sections.append(
        Report.Section(
          "What failed",
          [
            .table(
              Table(
                columns: ["case", "code", "message"],
                rows: failures.map {
                  [Table.Cell($0.id), Table.Cell("\($0.exitCode)"), Table.Cell($0.error ?? "")]
                }))
          ]))
    }
    return try report.html()
  }

  private func table(_ names: [String]) -> Table {
    Table(
      columns: ["case", "status"] + names.map(ScoreTable.title) + ["seconds"],
      rows: cases.map { row in
        [Table.Cell(row.id, link: Self.address(of: row.id)), Table.Cell(row.status.rawValue)]
          + names.map { Table.Cell(row.metrics[$0] ?? nil) } + [Table.Cell(row.seconds)]
      }, isSortable: true)
  }

  /// The relative address of a case's report, whatever characters its name has.
  private static func address(of id: String) -> String {
    var allowed = CharacterSet.urlPathAllowed
    allowed.remove(charactersIn: ":;=&?#%'\"")
    return "./" + (id.addingPercentEncoding(withAllowedCharacters: allowed) ?? id) + "/report.html"
  }
}
