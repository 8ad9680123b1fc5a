import Foundation
import Reports
import TestSupport
import Testing

@Suite("Reports")
struct ReportTests {
  @Test("A page holds everything itself: no address but data, no other file")
  func selfContained() throws {
    let image = EncodedImage(.png, data: Data([1, 2, 3]), width: 2, height: 1)
    var report = Report(title: "case", subtitle: "pipeline")
    report.highlights = [Report.Highlight("Dice", "0.9")]
    report.sections = [
      Report.Section(
        "All",
        [
          .paragraph("text"), .figures([Figure(image, caption: "caption")]),
          .facts([Report.Fact("name", "value")]),
          .table(Table(columns: ["a"], rows: [[Table.Cell(0.5)], [Table.Cell(nil)]], isSortable: true)),
          .legend([LegendEntry(.truePositive, "hit")]),
          .chart(
            LineChart(title: "loss", horizontal: "epoch", curves: [.init("train", [[0, 1], [1, 0.1]])])),
          .bars(BarChart(title: "Dice", bars: [.init("x", 0.25), .init("y", nil)])),
          .viewer(
            SliceViewer(
              shape: [2, 2, 2], spacing: [1, 1, 1], columns: 2, image: image, overlay: image,
              legend: [LegendEntry(.orange, "mask")], start: [1, 1, 1])),
        ])
    ]
    let page = try report.html()
    for word in ["http:", "https:", "src=\"/", "url(", "import "] { #expect(!page.contains(word)) }
    for word in [
      "data:image/png;base64,AQID", "caption", "width:25%", "n/a", "For research use only",
      "data-number=\"0.5\"",
    ] { #expect(page.contains(word), "\(word) is missing") }
    #expect(!page.contains("{{"))
    // Once for the figure, and for the viewer's image and overlay.
    #expect(page.components(separatedBy: "base64,AQID\"").count == 4)
  }

  @Test("Text is escaped wherever it stands")
  func escaping() throws {
    let evil = "\"><script>alert(1)</script>'&"
    let image = EncodedImage(.png, data: Data(), width: 1, height: 1)
    var report = Report(title: evil, subtitle: evil)
    report.highlights = [Report.Highlight(evil, evil, note: evil)]
    report.warnings = [evil]
    report.sections = [
      Report.Section(
        evil,
        [
          .paragraph(evil), .figures([Figure(image, caption: evil)]), .facts([Report.Fact(evil, evil)]),
          .table(Table(columns: [evil], rows: [[Table.Cell(evil, link: evil)]])),
          .legend([LegendEntry(.sky, evil)]),
          .chart(LineChart(title: evil, horizontal: evil, curves: [.init(evil, [[0, 1]])])),
          .bars(BarChart(title: evil, bars: [.init(evil, 1, link: evil)])),
        ])
    ]
    #expect(!(try report.html().contains("<script>alert")))
    #expect(!(try report.html().contains("\"><script")))
  }

  @Test("Numbers have three decimals, whole ones none, undefined ones are n/a")
  func numbers() {
    #expect(NumberText.short(0.8847) == "0.885")
    #expect(NumberText.short(-1.5) == "-1.500")
    #expect(NumberText.short(12) == "12")
    #expect(NumberText.short(0.00012) == "0.00012")
    #expect(NumberText.short(nil) == "n/a")
    #expect(NumberText.short(.nan) == "n/a")
    #expect(NumberText.short(0.9999) == "1.000")
  }

  @Test("JSON has sorted names, the same bytes each time, null for what is not finite")
  func json() throws {
    let value: JSONValue = .object([
      "b": .number(.nan), "a": .array([.integer(1), .number(0.1), .bool(true), .null]),
    ])
    let text = try JSONText.string(value)
    #expect(text == "{\n  \"a\" : [\n    1,\n    0.1,\n    true,\n    null\n  ],\n  \"b\" : null\n}\n")
    let nested: JSONValue = .object([
      "plan": .object(["iou": .number(0.5), "name": .string("x")]), "n": .null,
    ])
    #expect(nested.flattenedNumbers() == ["plan.iou": 0.5, "n": nil])
  }

  @Test("A logarithmic curve leaves out what has no logarithm")
  func logarithmic() throws {
    var report = Report(title: "t", subtitle: "")
    report.sections = [
      Report.Section(
        "s",
        [
          .chart(
            LineChart(
              title: "loss", horizontal: "epoch",
              curves: [.init("a", [[0, 100], [1, 0], [2, .nan], [3, 1]])],
              scale: .logarithmic))
        ])
    ]
    let page = try report.html()
    #expect(page.contains("d=\"M64.0 12.0 M624.0 226.0 \""))
  }
}
