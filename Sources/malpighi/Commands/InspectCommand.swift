import ArgumentParser
import Foundation
import ImageFiles
import Pipelines
import Reports

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Show header, affine and audit findings of image files.",
    discussion: "Ends with code 65 where a file cannot be read, after all were looked at.")

  @Argument(help: "NIfTI, PNG or JPEG files.")
  var files: [String]

  @Flag(help: "Print one JSON document on standard output.")
  var json = false

  func run() throws {
    let inspections = try files.map {
      try MemoryLimit.require(image: url($0), bytesPerElement: 4)
      return ImageInspection(path: $0)
    }
    if json {
      Console.out(try JSONText.string(inspections), terminator: "")
    } else {
      for inspection in inspections { show(inspection) }
    }
    if inspections.contains(where: { $0.error != nil }) {
      throw ExitCode(Int32(ExitStatus.badData.rawValue))
    }
  }

  private func show(_ inspection: ImageInspection) {
    Console.out(inspection.file)
    if let error = inspection.error {
      Console.out("  error     \(error.code): \(error.message)")
      return
    }
    var table = TextTable()
    table.append("format", inspection.format ?? "")
    table.append("shape", (inspection.shape ?? []).map(String.init).joined(separator: " × "))
    if let spacing = inspection.spacingMillimetres {
      table.append("spacing", spacing.map { NumberText.short($0) }.joined(separator: " × ") + " mm")
    }
    table.append(
      "datatype",
      [inspection.datatype, inspection.endianness.map { "\($0)-endian" }].compactMap { $0 }.joined(
        separator: ", "))
    if let slope = inspection.slope, let intercept = inspection.intercept {
      table.append("scaling", "slope \(slope), intercept \(intercept)")
    }
    table.append(
      "values",
      "\(NumberText.short(inspection.minimum)) to \(NumberText.short(inspection.maximum)), "
        + "mean \(NumberText.short(inspection.mean)), \(inspection.nonfinite ?? 0) not finite")
    if let axes = inspection.axes { table.append("axes", axes) }
    if let affine = inspection.affine {
      for (index, row) in affine.rows.enumerated() {
        table.append(
          index == 0 ? "affine" : "",
          (0..<4).map { NumberText.short(row[$0]) }.joined(separator: "  "))
      }
    }
    for finding in inspection.findings ?? [] {
      table.append(finding.severity.rawValue, "\(finding.code): \(finding.message)")
    }
    Console.out(table.text())
  }
}
