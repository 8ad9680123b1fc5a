import Foundation
import Glioma
import Imaging
import Numerics

/// A problem with random tissue, labels and PET, and a random density, for checks of formulas.
struct RandomProblem {
  let problem: GrowthProblem
  let parameters: GrowthParameters
  let field: SpaceTimeField

  init(
    seed: UInt64, scheme: DiffusionScheme, slices: Int = 5, shape: VoxelShape = VoxelShape(7, 6, 5),
    hasPET: Bool = true, foci: Int = 1
  ) {
    var random = RandomStream(seed: seed, purpose: "glioma-test")
    let cells = shape.count
    var white = (0..<cells).map { _ in random.uniform() }
    var gray = (0..<cells).map { _ in random.uniform() * 0.5 }
    for cell in 0..<cells where random.chance(0.15) { (white[cell], gray[cell]) = (0.02, 0.03) }
    let labels = (0..<cells).map { _ in UInt8(random.integer(0...2)) }
    let pet = (0..<cells).map { _ in random.chance(0.5) ? random.uniform() : 0 }
    let grid = SpaceTimeGrid(slices: slices, shape: shape, spacing: [2.1, 1.7, 2.6], duration: 10)
    problem = GrowthProblem(
      grid: grid, tissue: Tissue(white: white, gray: gray),
      observation: Observation(labels: labels, pet: hasPET ? pet : nil), scheme: scheme,
      blob: InitialBlob(), weights: LossWeights(hasPET: hasPET))
    let centers = (0..<foci).map { _ in
      SIMD3<Double>(
        5 + Double(random.uniform()) * 5, 4 + Double(random.uniform()) * 4, 5 + Double(random.uniform()) * 4)
    }
    var p = GrowthParameters(foci: centers, diffusivity: 0.6, proliferationRate: 0.2)
    p.diffusivityRatio = 14
    p.petSlope = 1.1
    p.lowerThreshold = 0.18
    p.petBackground = 0.2
    parameters = p
    field = SpaceTimeField(slices: slices, shape: shape)
    for k in 0..<slices { field.setSlice(k, to: (0..<cells).map { _ in random.uniform(-0.3...1.3) }) }
  }

  var fieldInDouble: [[Double]] { (0..<field.slices).map { field.slice($0).map(Double.init) } }
}
