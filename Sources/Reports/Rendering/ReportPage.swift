import Foundation
import Mustache

extension Report {
  /// The report as one page that needs nothing else, no network either. All text is escaped by the templates.
  public func html() throws -> String {
    let library = try Templates.library()
    func render(_ name: String, _ context: [String: Any]) -> String {
      library.render(context, withTemplate: name) ?? ""
    }
    let parts = sections.enumerated().map { index, section -> [String: Any] in
      [
        "title": section.title, "anchor": "section-\(index + 1)",
        "blocks": section.blocks.map { $0.html(render) }.joined(separator: "\n"),
      ]
    }
    return render(
      "page",
      [
        "title": title, "subtitle": subtitle, "style": StyleSheet.text,
        "script": sections.contains { $0.blocks.contains(where: \.isInteractive) }
          ? TableScript.text + TurntableScript.text + ViewerScript.text : "",
        "hasHighlights": !highlights.isEmpty,
        "highlights": highlights.map {
          ["name": $0.name, "value": $0.value, "note": $0.note] as [String: Any]
        },
        "warnings": warnings, "sections": parts,
      ])
  }
}

extension Report.Block {
  fileprivate var isInteractive: Bool {
    switch self {
    case .viewer: true
    case .table(let table): table.isSortable
    default: false
    }
  }

  fileprivate func html(_ render: (String, [String: Any]) -> String) -> String {
    switch self {
    case .paragraph(let text): render("paragraph", ["text": text])
    case .figures(let figures):
      render(
        "figures",
        [
          "figures": figures.map {
            [
              "address": $0.image.address, "caption": $0.caption, "width": "\($0.image.width)",
              "height": "\($0.image.height)",
            ] as [String: Any]
          }
        ])
    case .table(let table): render("table", table.context)
    case .facts(let facts):
      render(
        "facts", ["facts": facts.map { ["name": $0.name, "value": $0.value] as [String: Any] }])
    case .chart(let chart): render("chart", chart.context)
    case .bars(let chart): render("bars", chart.context)
    case .viewer(let viewer): render("viewer", viewer.context)
    case .legend(let entries): render("legend", ["entries": entries.map(\.context)])
    }
  }
}

extension LegendEntry {
  fileprivate var context: [String: Any] { ["color": color.hex, "text": text] }
}

extension Table {
  fileprivate var context: [String: Any] {
    [
      "sortable": isSortable,
      "columns": columns.enumerated().map { ["name": $1, "index": "\($0)"] as [String: Any] },
      "rows": rows.map { row -> [String: Any] in
        [
          "cells": row.map { cell -> [String: Any] in
            var context: [String: Any] = ["text": cell.text]
            if let link = cell.link { context["link"] = ["href": link] }
            if let number = cell.number { context["number"] = "\(number)" }
            context["isNumber"] = cell.number != nil || cell.text == "n/a"
            return context
          }
        ]
      },
    ]
  }
}

extension SliceViewer {
  fileprivate var context: [String: Any] {
    let settings: [String: JSONValue] = [
      "shape": .array([.integer(shape.x), .integer(shape.y), .integer(shape.z)]),
      "spacing": .array([.number(spacing.x), .number(spacing.y), .number(spacing.z)]),
      "start": .array([.integer(start.x), .integer(start.y), .integer(start.z)]),
      "columns": .integer(columns),
      "colors": .array(
        legend.map { entry in
          .array(
            [entry.color.rgb.x, entry.color.rgb.y, entry.color.rgb.z].map { .integer(Int($0)) })
        }),
    ]
    let text =
      (try? JSONEncoder().encode(settings)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    return [
      "settings": text, "image": image.address, "overlay": overlay.map(\.address) ?? "",
      "hasOverlay": overlay != nil, "turns": turns && overlay != nil, "entries": legend.map(\.context),
    ]
  }
}
