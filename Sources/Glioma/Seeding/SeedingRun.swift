import Foundation
import Imaging
import Numerics

/// The published initial guess: an explicit forward run that stops when its segmentation fits the scan best.
public struct SeedingRun {
  /// The density of the run at equally spaced times, one slice of the grid each.
  public let field: SpaceTimeField
  /// D, ρ (scaled by τ) and the other initial parameters.
  public let parameters: GrowthParameters
  /// τ: the share of the time axis at which the run stopped.
  public let timeScale: Double

  /// Run from `initial` (one value a cell) with the tumour's origin at `focus`, in the coordinates of `problem`'s grid.
  ///
  /// D is the ratio of oedema to core volume, at most 3 (0.12 without a core), ρ = 0.12 and R = 100; every hundred of
  /// Nt·⌊Nt/8⌋ Euler steps the densities above 0.65 and 0.30 are compared with the labels.
  public init(problem: GrowthProblem, initial: [Float], focus: SIMD3<Double>) {
    let grid = problem.grid
    let labels = problem.observation.labels
    let core = labels.reduce(0) { $0 + ($1 == 2 ? 1 : 0) }
    let edema = labels.reduce(0) { $0 + ($1 == 1 ? 1 : 0) }
    var start = GrowthParameters(foci: [focus])
    // Without oedema the published ratio is 0 and stays there; the lower bound keeps it alive.
    start.diffusivity = core > 0 ? min(max(Double(edema) / Double(core), 0.01), 25 * 0.12) : 0.12
    let scheme: DiffusionScheme = problem.scheme == .correct ? .correct : .compatForward
    let run = EulerRun(problem: problem, scheme: scheme, parameters: start, initial: initial)
    let total = grid.slices * max(grid.slices / 8, 1)
    let step = grid.duration / Double(total)
    var scores = [0.0]
    var stop = total
    for t in 0..<total {
      run.advance(step)
      guard t % 100 == 0 else { continue }
      let score = SeedingRun.score(run.density, labels, start, core: core, edema: edema)
      scores.append(score)
      let n = scores.count
      if n > 10, scores[n - 3] > scores[n - 2], scores[n - 3] > scores[n - 1], score > 0 {
        stop = t - 200
        break
      }
    }
    // The stride is floored, as published, so the last slice can lie before the best time.
    let stride = max(stop / grid.slices, 1)
    let again = EulerRun(problem: problem, scheme: scheme, parameters: start, initial: initial)
    field = SpaceTimeField(slices: grid.slices, shape: grid.shape)
    for slice in 0..<grid.slices {
      for _ in 0..<(slice == 0 ? 1 : stride) { again.advance(step) }
      field.setSlice(slice, to: again.density)
    }
    timeScale = stop < total ? step * Double(stop) / grid.duration : 1
    start.diffusivity *= timeScale
    start.proliferationRate *= timeScale
    parameters = start
  }

  /// The seed of a problem prepared as the published program does.
  public init(_ preparation: PublishedPreparation) {
    self.init(
      problem: preparation.problem, initial: preparation.seedBlob(), focus: preparation.coreCenter)
  }

  /// Dice of core and oedema, each weighted by its volume in the scan.
  private static func score(
    _ density: [Float], _ labels: [UInt8], _ p: GrowthParameters, core: Int, edema: Int
  ) -> Double {
    let (upper, lower) = (Float(p.upperThreshold), Float(p.lowerThreshold))
    var (found, shared) = ([0, 0, 0], [0, 0, 0])
    for cell in labels.indices {
      let label = density[cell] >= upper ? 2 : density[cell] >= lower ? 1 : 0
      found[label] += 1
      if label == Int(labels[cell]) { shared[label] += 1 }
    }
    func dice(_ label: Int, _ volume: Int) -> Double {
      found[label] + volume > 0 ? 2 * Double(shared[label]) / Double(found[label] + volume) : 1
    }
    return dice(2, core) * Double(core) + dice(1, edema) * Double(edema)
  }
}

/// Explicit Euler steps u ← u + Δt·(Lu + ρu(1 − u)).
final class EulerRun {
  private var current: SpaceTimeField
  private var next: SpaceTimeField
  private let image: SpaceTimeField
  private let stencil: Stencil
  private let reactive: SpaceTimeField
  private let growth: Float
  private let shape: VoxelShape

  init(
    problem: GrowthProblem, scheme: DiffusionScheme, parameters: GrowthParameters, initial: [Float]
  ) {
    shape = problem.grid.shape
    stencil = DiffusionOperator(grid: problem.grid, tissue: problem.tissue, scheme: scheme)
      .combined(diffusivity: parameters.diffusivity, ratio: parameters.diffusivityRatio)
    reactive = problem.reactive
    growth = Float(parameters.proliferationRate)
    current = SpaceTimeField(slices: 1, shape: shape)
    next = SpaceTimeField(slices: 1, shape: shape)
    image = SpaceTimeField(slices: 1, shape: shape)
    current.setSlice(0, to: initial)
  }

  var density: [Float] { current.slice(0) }

  func advance(_ step: Double) {
    let step = Float(step)
    let block = cellsPerBlock
    let pitch = current.pitch
    let count = (pitch + block - 1) / block
    nonisolated(unsafe) let (u, v, w, mask) = (current[0], next[0], image[0], reactive[0])
    let (stencil, growth) = (stencil, growth)
    Parallel.forEachSlab(of: 0..<count) { slab in
      for index in slab {
        let cells = index * block..<min((index + 1) * block, pitch)
        stencil.apply(u, w, cells)
        var p = cells.lowerBound
        while p < cells.upperBound {
          let density = load16(u + p)
          let rate = load16(w + p) + growth * load16(mask + p) * (density * (1 - density))
          store16(flushed(density + step * rate), v + p)
          p += 16
        }
      }
    }
    swap(&current, &next)
  }
}
