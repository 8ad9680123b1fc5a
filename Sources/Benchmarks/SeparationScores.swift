import ArgumentParser
import BloodCells
import Foundation
import ImageFiles
import Imaging
import Metrics

/// The scores of both presets on real labelled smears.
struct SeparationScores {
  let folder: URL

  /// One number with its bootstrap interval over images.
  struct Score: Codable {
    let value: Double
    let lower: Double
    let upper: Double
  }

  /// The scores of every preset on a set of images.
  struct Report: Encodable {
    /// Chula RBC-12, fully labelled images.
    var clumps: [String: [String: Score]] = [:]
    /// BBBC041, masks of single cells.
    var instances: [String: [String: Score]] = [:]
    /// Masks of single clumps with marked concave points; the preset `best` alone finds points.
    var concavePoints: [String: [String: Score]] = [:]
  }

  func all() throws -> Report {
    var report = Report()
    for preset in SeparationPreset.allCases {
      report.clumps[preset.rawValue] = try overlap(preset)
      report.instances[preset.rawValue] = try instances(preset)
    }
    report.concavePoints[SeparationPreset.best.rawValue] = try concavePoints()
    return report
  }

  /// Clumps of the fully labelled images of Chula RBC-12: inner parts of the paper's foreground with two or more labels.
  private func overlap(_ preset: SeparationPreset) throws -> [String: Score] {
    let cells = Dictionary(grouping: try rows("chula/cells.csv"), by: { $0["image"] ?? "" })
    let scores = try cells.keys.sorted().map { name in
      let image = try RasterFile.read(path: folder.appendingPathComponent("chula/images/\(name)").path).rgb
      let reference = ClumpReference(
        image: image, centers: centers(cells[name] ?? []), foreground: .paper)
      return reference.scores(
        of: try SmearSeparator(preset: preset)(image).cells.map(\.ellipse.center), radius: 15)
    }
    func score(_ of: @escaping (ClumpScores) -> Double?) -> Score? {
      interval(scores) { of(ClumpScores($0.flatMap(\.clumps))) }
    }
    return [
      "jaccard": score { $0.counts.jaccard }, "exact": score(\.exactRate),
      "recall": score { $0.counts.recall },
      "precision": score { $0.counts.precision }, "mean_count_error": score(\.meanCountError),
    ].compactMapValues(\.self)
  }

  private func instances(_ preset: SeparationPreset) throws -> [String: Score] {
    let names = Set(try rows("bbbc041/instances.csv").compactMap { $0["image"] }).sorted()
    let matchings = try names.map { name in
      let image = try RasterFile.read(path: folder.appendingPathComponent("bbbc041/images/\(name)").path).rgb
      let label = try RasterFile.read(path: folder.appendingPathComponent("bbbc041/labels/\(name)").path)
      guard case .gray8(let ids) = label.pixels else {
        throw ValidationError("\(name): grey labels expected")
      }
      return InstanceMatching(
        predicted: try SmearSeparator(preset: preset)(image).labels, reference: ids.map { UInt16($0) })
    }
    var result: [String: Score] = [:]
    for threshold in [0.5, 0.6, 0.7, 0.75, 0.8, 0.9] {
      result["ap@\(threshold)"] = interval(matchings) { sample in
        sample.reduce(DetectionCounts.none) { $0 + $1.counts(iou: threshold) }.jaccard
      }
    }
    return result
  }

  /// Concave points of single clump masks; the cell size is a fifth of the clump's area.
  private func concavePoints() throws -> [String: Score] {
    let points = Dictionary(grouping: try rows("touching/concave_points.csv"), by: { $0["image"] ?? "" })
    var counts: [Double: [DetectionCounts]] = [:]
    for name in points.keys.sorted() {
      let picture = try RasterFile.read(path: folder.appendingPathComponent("touching/masks/\(name)").path)
      guard case .gray8(let plane) = picture.pixels else {
        throw ValidationError("\(name): grey mask expected")
      }
      let mask = plane.map { $0 > 0 ? SmearForeground.Value.cell : SmearForeground.Value.background }
      let pixels = mask.pixels.reduce(0) { $0 + Int($1) }
      let radius = (Double(pixels) / 5 / .pi).squareRoot()
      let smear = try SmearSeparator.separate(
        SmearForeground(mask: mask, cellRadius: radius, rejected: []), parameters: SeparationParameters())
      for reach in [5.0, 10.0] {
        counts[reach, default: []].append(
          PointMatching(
            predicted: smear.concavePoints, reference: centers(points[name] ?? []), radius: reach
          ).counts)
      }
    }
    var result: [String: Score] = [:]
    for (reach, list) in counts {
      result["f1@\(Int(reach))px"] = interval(list) { $0.reduce(DetectionCounts.none, +).f1 }
    }
    return result
  }

  private func interval<Unit>(_ units: [Unit], _ score: ([Unit]) -> Double?) -> Score? {
    BootstrapInterval(over: units, level: 0.95, resamples: 1000, seed: 1, score: score).map {
      Score(value: $0.estimate, lower: $0.lower, upper: $0.upper)
    }
  }

  private func centers(_ rows: [[String: String]]) -> [SIMD2<Double>] {
    rows.compactMap { row in
      guard let x = row["x"].flatMap(Double.init), let y = row["y"].flatMap(Double.init) else { return nil }
      return SIMD2(x, y)
    }
  }

  private func rows(_ path: String) throws -> [[String: String]] {
    let text = try String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8)
    let lines = text.split(whereSeparator: \.isNewline).map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    guard let header = lines.first else { return [] }
    return lines.dropFirst().map { Dictionary(zip(header, $0)) { first, _ in first } }
  }
}
