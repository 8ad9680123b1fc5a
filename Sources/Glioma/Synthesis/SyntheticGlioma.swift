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
    let grown = density(white: white, gray: gray, scheme: scheme)
    let tissue = Tissue(white: white.voxels, gray: gray.voxels)
    let uptake = SyntheticUptake(self, scheme: scheme).image(of: grown, tissue: tissue, seed: seed)
    return Patient(density: grown, segmentation: labels(of: grown), pet: uptake)
  }

  /// A FET-PET-like image of `density`, 0…1, by the published generator without its offset.
  public func uptake(
    of density: Volume<Float>, white: Volume<Float>, gray: Volume<Float>, seed: UInt64
  ) -> Volume<Float> {
    SyntheticUptake(self, scheme: .correct).image(
      of: density, tissue: Tissue(white: white.voxels, gray: gray.voxels), seed: seed)
  }

  /// What a scan shows of `density`.
  public func labels(of density: Volume<Float>) -> LabelMap {
    let limits = (Float(necroticThreshold), Float(upperThreshold), Float(lowerThreshold))
    return density.map { $0 >= limits.0 ? 4 : $0 >= limits.1 ? 1 : $0 >= limits.2 ? 3 : 0 }
  }

  /// The density at the end alone.
  ///
  /// Only a box is computed that the front cannot leave: the blob's radius, 2√(Dρ)·T and 16 infiltration lengths around
  /// the foci, beyond which the density is below 1e-6.
  public func density(white: Volume<Float>, gray: Volume<Float>, scheme: DiffusionScheme) -> Volume<Float> {
    let shape = white.shape
    let tissue = Tissue(white: white.voxels, gray: gray.voxels)
    let starts = voxels(in: shape).map { SyntheticGlioma.nearestMatter($0, tissue, shape) }
    let box = GrowthBox(starts, reach: reach, in: white.grid)
    let inside = Tissue(white: box.crop(white.voxels), gray: box.crop(gray.voxels))
    let grid = SpaceTimeGrid(
      slices: 2, shape: box.shape, spacing: white.grid.spacing, duration: SyntheticGlioma.duration)
    let foci = starts.map { start in
      let p = start &- box.lower
      return grid.center(p.x, p.y, p.z)
    }
    var p = GrowthParameters(foci: foci, diffusivity: diffusivity, proliferationRate: proliferationRate)
    p.diffusivityRatio = diffusivityRatio
    let problem = GrowthProblem(
      grid: grid, tissue: inside,
      observation: Observation(labels: Array(repeating: 0, count: grid.shape.count)),
      scheme: scheme == .correct ? .correct : .compatForward, blob: InitialBlob(),
      weights: LossWeights(hasPET: false))
    let run = EulerRun(
      problem: problem, scheme: problem.scheme, parameters: p, initial: problem.initialDensity(p.foci))
    for _ in 0..<stepCount { run.advance(SyntheticGlioma.duration / Double(stepCount)) }
    return Volume(grid: white.grid, voxels: box.paste(run.density))
  }

  /// How far from a focus the tumour can be found at the end, in mm.
  private var reach: Double {
    InitialBlob().radius + 2 * (diffusivity * proliferationRate).squareRoot() * SyntheticGlioma.duration
      + 16 * (diffusivity / proliferationRate).squareRoot()
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
}

/// The part of an image around some voxels.
private struct GrowthBox {
  let lower: SIMD3<Int>
  let shape: VoxelShape
  private let whole: VoxelShape

  init(_ centers: [SIMD3<Int>], reach: Double, in grid: VoxelGrid) {
    whole = grid.shape
    let margin = SIMD3<Int>((reach / grid.spacing).rounded(.up)) &+ 1
    let last = SIMD3(whole.x, whole.y, whole.z) &- 1
    let (low, high) = centers.reduce((last, SIMD3<Int>.zero)) {
      (pointwiseMin($0.0, $1), pointwiseMax($0.1, $1))
    }
    lower = pointwiseMax(low &- margin, SIMD3<Int>.zero)
    let extent = pointwiseMin(high &+ margin, last) &- lower &+ 1
    shape = VoxelShape(extent.x, extent.y, extent.z)
  }

  func crop(_ values: [Float]) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity(shape.count)
    for k in 0..<shape.z {
      for j in 0..<shape.y {
        let start = whole.index(lower.x, lower.y + j, lower.z + k)
        result.append(contentsOf: values[start..<start + shape.x])
      }
    }
    return result
  }

  func paste(_ values: [Float]) -> [Float] {
    var result = Array(repeating: Float(0), count: whole.count)
    for k in 0..<shape.z {
      for j in 0..<shape.y {
        let start = whole.index(lower.x, lower.y + j, lower.z + k)
        for i in 0..<shape.x { result[start + i] = values[shape.index(i, j, k)] }
      }
    }
    return result
  }
}
