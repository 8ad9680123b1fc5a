import ImageAnalysis
import Imaging
import TestSupport
import Testing

@Suite("Skeletons")
struct SkeletonTests {
  @Test("Skeletons of a ring, a ball and a tube equal scikit-image's voxel for voxel")
  func tubes() throws {
    for expected in try goldenValues("golden.json", as: GoldenValues.self).skeletons {
      let skeleton = Phantom.tubes(expected.n, shift: expected.shift).skeletonized(.scikitImage)
      #expect(
        skeleton.voxels.indices.filter { skeleton.voxels[$0] != 0 } == expected.voxels, "\(expected.name)")
    }
  }

  @Test("Skeletons of irregular shapes, cut by the faces, equal scikit-image's")
  func blobs() throws {
    let values = try goldenValues("golden.json", as: GoldenValues.self)
    for (shape, voxels, expected) in [
      (VoxelShape(28, 30, 26), values.blobs, values.blobSkeleton),
      (VoxelShape(28, 30, 1), values.slice, values.sliceSkeleton),
    ] {
      var mask = Mask(grid: VoxelGrid(shape: shape), filledWith: 0)
      for voxel in voxels { mask.setVoxel(voxel, 1) }
      let skeleton = mask.skeletonized(.scikitImage)
      #expect(skeleton.voxels.indices.filter { skeleton.voxels[$0] != 0 } == expected)
    }
  }
}
