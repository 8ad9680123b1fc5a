import Foundation
import Glioma
import Imaging
import Testing

@Suite("Synthetic gliomas")
struct SynthesisTests {
  @Test("Parameters are the published generator's, number for number")
  func published() {
    let shape = VoxelShape(192, 192, 192)
    let first = SyntheticGlioma(index: 0, focusCount: 1)
    #expect(abs(first.diffusivity - 0.054363) < 1e-6 && abs(first.proliferationRate - 0.067796) < 1e-6)
    #expect(abs(first.diffusivityRatio - 21.093708) < 1e-6)
    #expect(abs(first.necroticThreshold - 0.703174) < 1e-6 && abs(first.upperThreshold - 0.562575) < 1e-6)
    #expect(abs(first.lowerThreshold - 0.308252) < 1e-6)
    #expect(first.voxels(in: shape) == [[61, 82, 70]] && first.stepCount == 1088)
    let third = SyntheticGlioma(index: 2, focusCount: 1)
    #expect(abs(third.diffusivity - 0.173343) < 1e-6 && third.voxels(in: shape) == [[91, 60, 94]])
    #expect(third.stepCount == 3467)
    #expect(
      SyntheticGlioma(index: 0, focusCount: 3).voxels(in: shape) == [
        [61, 82, 70], [54, 75, 75], [53, 67, 70],
      ])
    let multiple = SyntheticGlioma(index: 1, focusCount: 3)
    #expect(multiple.voxels(in: shape) == [[67, 58, 92], [75, 50, 100], [83, 56, 100]])
    #expect(abs(multiple.lowerThreshold - 0.335861) < 1e-6)
  }

  @Test("A tumour grown in the phantom has all labels and stays in the tissue")
  func phantom() {
    let (white, gray, fluid) = BrainPhantom.tissue(shape: VoxelShape(40, 48, 40), spacing: 4)
    let total = zip(white.voxels, zip(gray.voxels, fluid.voxels)).map { $0 + $1.0 + $1.1 }
    #expect(total.allSatisfy { $0 < 1.001 } && white.voxels.reduce(0, +) > 5000)
    let drawn = SyntheticGlioma(index: 1, focusCount: 1)
    let patient = drawn.grow(white: white, gray: gray, scheme: .correct, seed: 1)
    #expect(Set(patient.segmentation.voxels).isSuperset(of: [0, 1, 3]))
    for cell in 0..<white.shape.count where white.voxels[cell] + gray.voxels[cell] < 0.1 {
      #expect(patient.density.voxels[cell] == 0)
    }
    #expect(patient.pet.voxels.max() == 1)
  }

  @Test("The Gibbs field of the uptake's noise is smooth, centred on one half and belongs to its seed")
  func gibbsField() {
    let shape = VoxelShape(20, 18, 16)
    let field = SyntheticUptake.gibbsField(shape, seed: 3)
    #expect(field == SyntheticUptake.gibbsField(shape, seed: 3))
    #expect(field != SyntheticUptake.gibbsField(shape, seed: 4))
    let count = Double(field.count)
    let mean = field.reduce(0.0) { $0 + Double($1) } / count
    let variance = field.reduce(0.0) { $0 + pow(Double($1) - mean, 2) } / count
    // The uniform noise of the start has a deviation of 0.29; three sweeps of means leave a few hundredths.
    #expect(abs(mean - 0.5) < 0.03 && variance.squareRoot() < 0.08, "mean \(mean), variance \(variance)")
    var (products, pairs) = (0.0, 0.0)
    for k in 0..<shape.z {
      for j in 0..<shape.y {
        for i in 1..<shape.x {
          products +=
            (Double(field[shape.index(i, j, k)]) - mean) * (Double(field[shape.index(i - 1, j, k)]) - mean)
          pairs += 1
        }
      }
    }
    #expect(products / pairs > 0.7 * variance)
  }

  @Test("Only the box that the front can reach is computed, and nothing is lost by it")
  func box() {
    let shape = VoxelShape(120, 30, 30)
    let grid = VoxelGrid(shape: shape, affine: Affine(spacing: [1, 1, 1]))
    let white = Volume<Float>(grid: grid, filledWith: 1)
    let gray = Volume<Float>(grid: grid, filledWith: 0)
    let drawn = SyntheticGlioma(index: 0, focusCount: 1)
    let density = drawn.density(white: white, gray: gray, scheme: .correct)
    let center = drawn.voxels(in: shape)[0]
    #expect(density[center.x, center.y, center.z] > 0.9)
    // Along x the box ends before the image does; there the tumour has long faded.
    let far = (0..<shape.x).map { density[$0, center.y, center.z] }
    #expect(far[shape.x - 1] == 0 && far.contains { $0 > 0 && $0 < 1e-5 })
    let edge = far.lastIndex { $0 > 0 } ?? 0
    #expect(edge < shape.x - 1 && far[edge] < 1e-6, "density \(far[edge]) at the end of the box")
  }
}
