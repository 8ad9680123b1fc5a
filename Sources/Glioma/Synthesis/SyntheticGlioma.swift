import Foundation
import Imaging
import Numerics

/// The parameters of a synthetic patient, drawn as the published generator draws them.
public struct SyntheticGlioma: Hashable, Sendable, Codable {
  /// D_w, in mm²/day.
  public var diffusivity: Double
  /// ρ, in 1/day.
  public var proliferationRate: Double
  /// R.
  public var diffusivityRatio: Double
  /// Density at the border of necrosis, of the core and of the oedema.
  public var necroticThreshold, upperThreshold, lowerThreshold: Double
  /// Foci as fractions of the brain's extent along each axis.
  public var foci: [SIMD3<Double>]

  /// The published seed.
  public static let publishedSeed: UInt64 = 42000
  /// Length of the growth, in days.
  public static let duration = 100.0

  /// Patient `index` of the series of `seed` with one focus or three. Draw order: D, ρ, R, θ_necro, θ_up, θ_down, x, y, z,
  /// then for three foci the offsets of the second from the first and of the third from the second.
  public init(index: Int, seed: UInt64 = SyntheticGlioma.publishedSeed, focusCount: Int) {
    precondition(index >= 0 && (focusCount == 1 || focusCount == 3))
    var random = MersenneTwister(seed: UInt32(truncatingIfNeeded: seed))
    var drawn: [Double] = []
    var offsets: [Double] = []
    let ranges = [(0.035, 0.2), (0.035, 0.2), (10, 30), (0.70, 0.85), (0.45, 0.60), (0.15, 0.35)]
    for _ in 0...index {
      drawn = ranges.map { random.uniform($0.0, $0.1) } + (0..<3).map { _ in random.uniform(0.3, 0.5) }
      offsets = focusCount == 3 ? (0..<6).map { _ in random.uniform(-0.05, 0.05) } : []
    }
    (diffusivity, proliferationRate, diffusivityRatio) = (drawn[0], drawn[1], drawn[2])
    (necroticThreshold, upperThreshold, lowerThreshold) = (drawn[3], drawn[4], drawn[5])
    foci = [[drawn[6], drawn[7], drawn[8]]]
    for start in stride(from: 0, to: offsets.count, by: 3) {
      foci.append(foci[foci.count - 1] + SIMD3(offsets[start], offsets[start + 1], offsets[start + 2]))
    }
  }

  /// The Euler steps of the published generator: D·Δt = 0.005 mm².
  public var stepCount: Int { Int((1000 * diffusivity / 0.05).rounded(.up)) }

  /// The voxel of each focus in a grid of `shape`, truncated as published.
  public func voxels(in shape: VoxelShape) -> [SIMD3<Int>] {
    foci.map { f in
      func place(_ axis: Int) -> Int { min(max(Int(f[axis] * Double(shape[axis])), 0), shape[axis] - 1) }
      return [place(0), place(1), place(2)]
    }
  }

  /// A grown tumour.
  public struct Patient: Sendable {
    /// The density at the end.
    public let density: Volume<Float>
    /// Labels in the GliODIL numbers: 1 enhancing, 3 oedema, 4 necrotic.
    public let segmentation: LabelMap
    /// FET-PET-like uptake, 0…1.
    public let pet: Volume<Float>
  }

  /// Grow the tumour in `white` and `gray` (fractions on one grid). A focus outside the tissue moves to the nearest voxel
  /// that holds some; the published generator leaves it, and nothing grows there.
  public func grow(white: Volume<Float>, gray: Volume<Float>, scheme: DiffusionScheme, seed: UInt64)
    -> Patient
  {
    let grid = white.grid
    let shape = grid.shape
    let tissue = Tissue(white: white.voxels, gray: gray.voxels)
    let box = SpaceTimeGrid(
      slices: 2, shape: shape, spacing: grid.spacing, duration: SyntheticGlioma.duration)
    let starts = voxels(in: shape).map { SyntheticGlioma.nearestMatter($0, tissue, shape) }
    var p = GrowthParameters(
      foci: starts.map { box.center($0.x, $0.y, $0.z) }, diffusivity: diffusivity,
      proliferationRate: proliferationRate)
    p.diffusivityRatio = diffusivityRatio
    let problem = GrowthProblem(
      grid: box, tissue: tissue, observation: Observation(labels: Array(repeating: 0, count: shape.count)),
      scheme: scheme == .correct ? .correct : .compatForward, blob: InitialBlob(),
      weights: LossWeights(hasPET: false))
    let run = EulerRun(
      problem: problem, scheme: problem.scheme, parameters: p, initial: problem.initialDensity(p.foci))
    for _ in 0..<stepCount { run.advance(SyntheticGlioma.duration / Double(stepCount)) }
    let density = Volume(grid: grid, voxels: run.density)
    let labels = density.map { u -> Int32 in
      let value = Double(u)
      return value >= necroticThreshold ? 4 : value >= upperThreshold ? 1 : value >= lowerThreshold ? 3 : 0
    }
    return Patient(density: density, segmentation: labels, pet: uptake(density, tissue, seed))
  }

  private static func nearestMatter(_ p: SIMD3<Int>, _ tissue: Tissue, _ shape: VoxelShape) -> SIMD3<Int> {
    if tissue.isMatter(shape.index(p.x, p.y, p.z)) { return p }
    var (best, distance) = (p, Int.max)
    forEachCell(shape) { cell, q in
      let d = q &- p
      let squared = d.x * d.x + d.y * d.y + d.z * d.z
      if squared < distance, tissue.isMatter(cell) { (best, distance) = (q, squared) }
    }
    return best
  }

  /// Noisy uptake in oedema and enhancing core, seen at a quarter of the resolution.
  ///
  /// Smooth noise of relative size 2 % stands for the published Gibbs field, whose generator is unseeded.
  private func uptake(_ density: Volume<Float>, _ tissue: Tissue, _ seed: UInt64) -> Volume<Float> {
    var random = RandomStream(seed: seed, purpose: "synthetic-pet")
    let shape = density.shape
    let coarse = VoxelShape((shape.x + 3) / 4, (shape.y + 3) / 4, (shape.z + 3) / 4)
    var samples: [Float] = []
    forEachCell(coarse) { _, p in
      let value = density[4 * p.x, 4 * p.y, 4 * p.z]
      let noisy = value + 0.02 * random.normal()
      let shown = Double(noisy) >= lowerThreshold && Double(noisy) < necroticThreshold
      samples.append(shown ? 0.75 * noisy : 0)
    }
    var restored = EndPointZoom.linear(samples, coarse, to: shape)
    let mean = restored.reduce(0, +) / Float(restored.count)
    restored = restored.map { max($0 - 0.9 * mean, 0) }
    let largest = restored.max() ?? 0
    for cell in restored.indices {
      restored[cell] = tissue.isMatter(cell) && largest > 0 ? restored[cell] / largest : 0
    }
    return Volume(grid: density.grid, voxels: restored)
  }
}
