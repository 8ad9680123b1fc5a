import Reports

extension Provenance {
  /// The sections every report ends with: stages with their time and memory, parameters, inputs, software.
  package static func sections(_ records: [StageRecord]) -> [Report.Section] {
    [stages(records), parameters(records), origin(records)]
  }

  private static func stages(_ records: [StageRecord]) -> Report.Section {
    Report.Section(
      "Stages",
      [
        .table(
          Table(
            columns: ["stage", "seconds", "peak memory, MiB", "threads", "outputs"],
            rows: records.map { record in
              [
                Table.Cell(record.stage), Table.Cell(record.seconds),
                Table.Cell(record.peakMemoryMiB),
                Table.Cell(Double(record.threads)),
                Table.Cell(record.outputs.map(\.path).joined(separator: ", ")),
              ]
            }))
      ])
  }

  private static func parameters(_ records: [StageRecord]) -> Report.Section {
    let facts = records.flatMap { record in
      record.parameters.sorted { $0.key < $1.key }.map {
        Report.Fact("\(record.stage).\($0.key)", $0.value.plainText)
      }
    }
    return Report.Section("Parameters", [.facts(facts)])
  }

  private static func origin(_ records: [StageRecord]) -> Report.Section {
    let inputs = records.flatMap(\.inputs).filter { $0.path.hasPrefix("/") }
    var seen: Set<String> = []
    let rows = inputs.filter { seen.insert($0.path).inserted }.map {
      [Table.Cell($0.path), Table.Cell(Double($0.bytes)), Table.Cell($0.sha256)]
    }
    let software = (records.last?.software ?? Provenance.software).sorted { $0.key < $1.key }
    return Report.Section(
      "Provenance",
      [
        .table(Table(columns: ["input", "bytes", "SHA-256"], rows: rows)),
        .facts(software.map { Report.Fact($0.key, $0.value) }),
      ])
  }
}

extension ScoreTable {
  /// The scores to be seen first.
  package static func highlights(_ metrics: [String: Double?]) -> [Report.Highlight] {
    let shown = ["dice", "cldice", "precision", "recall", "hd95_mm", "nsd"]
    return shown.compactMap { name in
      metrics[name].map { Report.Highlight(title(name), NumberText.short($0)) }
    }
  }

  /// All scores as a section.
  package static func section(_ metrics: [String: Double?]) -> Report.Section {
    let names = ordered(Set(metrics.keys))
    return Report.Section(
      "Scores", [.facts(names.map { Report.Fact(title($0), NumberText.short(metrics[$0] ?? nil)) })]
    )
  }

  /// A score as people call it.
  package static func title(_ name: String) -> String {
    let known = [
      "dice": "Dice", "iou": "IoU", "cldice": "clDice", "hd95_mm": "HD95, mm",
      "assd_mm": "ASSD, mm", "nsd": "NSD",
    ]
    return known[name] ?? name.replacingOccurrences(of: "_", with: " ")
  }
}
