import ArgumentParser
import BloodCells
import Foundation
import ImageAnalysis
import ImageFiles
import Imaging

/// The separation of one smear, or its scores on labelled ones; beside OpenCV, contours and ellipses of the smear's mask.
struct SeparateBenchmark: PeerMeasurement {
  static let configuration = CommandConfiguration(
    commandName: "separate",
    abstract: "Time the separation of one smear, or score both presets on a folder of labelled smears.",
    discussion: "With --against-python: contours and direct ellipse fits of the regions of the smear's mask.")

  @Argument(help: "A smear to time.") var image: String?
  @Option(help: "The folder with chula, bbbc041 and touching.") var data: String?
  @Option(help: "How often the image is separated.") var `repeat` = 10
  @OptionGroup var common: CommonOptions
  @OptionGroup var peers: PeerOptions

  struct Timing: Encodable {
    var cells, threads: Int
    var medianSeconds, fastestSeconds: Double
  }

  /// The times, the scores, or both side by side.
  struct Report: Encodable {
    var timing: Timing?
    var scores: SeparationScores.Report?

    func encode(to encoder: any Encoder) throws {
      try timing?.encode(to: encoder)
      try scores?.encode(to: encoder)
    }
  }

  func validate() throws {
    guard image != nil || data != nil else { throw ValidationError("give an image or --data FOLDER") }
    guard image != nil || peers.againstPython == nil else {
      throw ValidationError("--against-python takes an image")
    }
    guard `repeat` > 0 else { throw ValidationError("repeat above 0") }
  }

  func measure() throws -> Report {
    Report(
      timing: try image.map(timing),
      scores: try data.map { try SeparationScores(folder: URL(fileURLWithPath: $0)).all() })
  }

  private func timing(of path: String) throws -> Timing {
    var seconds: [Double] = []
    var cells = 0
    for _ in 0..<`repeat` {
      let (smear, s) = try timed { try SmearSeparator(preset: .best)(RasterFile.read(path: path).rgb) }
      seconds.append(s)
      cells = smear.cells.count
    }
    return Timing(
      cells: cells, threads: common.threads, medianSeconds: median(seconds),
      fastestSeconds: seconds.min() ?? 0)
  }

  func contest(in folder: URL) throws -> Contest {
    let smear = try BalancedSmear(RasterFile.read(path: image ?? "").rgb)
    let mask = SmearForeground(of: smear, parameters: .init()).mask
      .map { $0 == SmearForeground.Value.foreign || $0 == 0 ? UInt8(0) : 255 }
    let file = folder.appendingPathComponent("mask.png").path
    try PNGWriter().write(mask, to: file)
    return Contest(
      program: "contours",
      arguments: [file, "--threads", "\(common.threads)", "--repeat", "\(`repeat`)"],
      subject: "the mask of a smear of \(mask.width)×\(mask.height) pixels"
    ) {
      let (contours, tracing) = mean(of: `repeat`) {
        let components = PlanarComponents(of: mask)
        return components.regions.indices.map { components.outerContour(ofRegion: $0) }
      }
      let long = contours.filter { $0.count >= 6 }
      let (ellipses, fitting) = mean(of: `repeat`) {
        long.compactMap { try? EllipseFit.direct($0.map { SIMD2(Double($0.x), Double($0.y)) }) }
      }
      return Contest.Round(
        seconds: ["contours of all regions": tracing, "an ellipse for each": fitting],
        values: [
          "regions with 6 border pixels or more": Double(long.count),
          "median of the mean semi-axis (pixels)": median(ellipses.map { $0.semiAxes.sum() / 2 }),
        ])
    }
  }
}

/// The result of `body`, and the mean seconds of `repetitions` calls.
private func mean<Result>(of repetitions: Int, _ body: () -> Result) -> (result: Result, s: Double) {
  let start = ContinuousClock.now
  for _ in 1..<max(1, repetitions) { _ = body() }
  let result = body()
  return (result, (ContinuousClock.now - start) / .seconds(1) / Double(max(1, repetitions)))
}
