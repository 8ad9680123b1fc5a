import ImageAnalysis
import Imaging

/// A prediction and a reference cut to the box that holds both, with one voxel of background around.
///
/// What lies beyond the image is background, so nothing about surfaces, skeletons and topology changes by the cut.
struct MaskPair {
  let prediction, reference: Mask

  /// The pair, or nil where both masks are empty.
  init?(prediction: Mask, reference: Mask) {
    guard let box = [prediction.boundingBox(), reference.boundingBox()].compactMap(\.self).reduced()
    else { return nil }
    self.prediction = prediction.cut(to: box)
    self.reference = reference.cut(to: box)
  }
}

extension [VoxelBox] {
  fileprivate func reduced() -> VoxelBox? {
    guard let first else { return nil }
    return dropFirst().reduce(first) { $0.union($1) }
  }
}

extension Volume where Scalar == UInt8 {
  fileprivate func cut(to box: VoxelBox) -> Mask {
    let size = VoxelShape(box.shape.x + 2, box.shape.y + 2, box.shape.z + 2)
    // Only the spacing matters from here on.
    var result = Mask(grid: VoxelGrid(shape: size, affine: grid.affine), filledWith: 0)
    withVoxels { source in
      result.withMutableVoxels { target in
        for k in 0..<box.shape.z {
          for j in 0..<box.shape.y {
            let from = shape.index(box.x.lowerBound, box.y.lowerBound + j, box.z.lowerBound + k)
            (target.baseAddress! + size.index(1, j + 1, k + 1)).update(
              from: source.baseAddress! + from, count: box.shape.x)
          }
        }
      }
    }
    return result
  }
}
