import Foundation
import ImageFiles
import Imaging
import Numerics

extension MaskPictures {
  /// The most voxels the viewer holds; larger volumes are thinned to every second, third, ... voxel.
  static let mostVoxels = 40_000_000

  /// The slice viewer, starting where most of the mask is.
  public func viewer() throws -> SliceViewer {
    let step = (1...).first { image.shape.count / ($0 * $0 * $0) <= Self.mostVoxels } ?? 1
    let shape = VoxelShape(
      (image.shape.x + step - 1) / step, (image.shape.y + step - 1) / step,
      (image.shape.z + step - 1) / step)
    let columns = max(
      1, Int((Double(shape.z * shape.y) / Double(shape.x)).squareRoot().rounded(.up)))
    let pictures = try Parallel.map(2) { kind in
      let atlas = atlas(of: kind == 0 ? image : classes, shape, step, columns)
      let data = Data(kind == 0 ? try JPEGWriter(quality: 82).encode(atlas) : try PNGWriter().encode(atlas))
      return EncodedImage(kind == 0 ? .jpeg : .png, data: data, width: atlas.width, height: atlas.height)
    }
    let start = center()
    return SliceViewer(
      shape: [shape.x, shape.y, shape.z], spacing: image.grid.spacing * Double(step),
      columns: columns,
      image: pictures[0], overlay: pictures[1],
      legend: legend, start: [start.x / step, start.y / step, start.z / step], turns: true)
  }

  /// All axial slices side by side, `columns` in a row.
  private func atlas(
    of volume: Volume<UInt8>, _ shape: VoxelShape, _ step: Int, _ columns: Int
  ) -> Plane<UInt8> {
    let rows = (shape.z + columns - 1) / columns
    var atlas = Plane<UInt8>(width: columns * shape.x, height: rows * shape.y, filledWith: 0)
    let width = atlas.width
    volume.withVoxels { voxels in
      atlas.withMutablePixels { pixels in
        for k in 0..<shape.z {
          for j in 0..<shape.y {
            let source = volume.shape.index(0, j * step, k * step)
            let target = (k % columns) * shape.x + width * ((k / columns) * shape.y + j)
            for i in 0..<shape.x { pixels[target + i] = voxels[source + i * step] }
          }
        }
      }
    }
    return atlas
  }

  /// The centre of gravity of what is not 0, or of the volume.
  private func center() -> (x: Int, y: Int, z: Int) {
    let shape = classes.shape
    var (sum, count) = (SIMD3<Int>.zero, 0)
    classes.withVoxels { classes in
      var index = 0
      for k in 0..<shape.z {
        for j in 0..<shape.y {
          for i in 0..<shape.x {
            if classes[index] != 0 {
              sum &+= SIMD3(i, j, k)
              count += 1
            }
            index += 1
          }
        }
      }
    }
    guard count > 0 else { return (shape.x / 2, shape.y / 2, shape.z / 2) }
    return (sum.x / count, sum.y / count, sum.z / count)
  }
}
