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
}
