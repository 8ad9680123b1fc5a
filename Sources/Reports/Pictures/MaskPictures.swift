import Foundation
import ImageAnalysis
import ImageFiles
import Imaging
import Numerics

/// The pictures of a mask over its image, and over a label where there is one: projections and the slice viewer.
///
/// All are made in canonical orientation (RAS) and hung as radiologists do: the patient's right on the left.
public struct MaskPictures: Sendable {
  let image: Volume<UInt8>
  /// 0 nothing, n the n-th entry of the legend.
  let classes: Volume<UInt8>
  /// What the classes are.
  public let legend: [LegendEntry]

  /// Pictures of `mask` over `image`. With a `label` the classes are true positive, false positive, false negative.
  /// The image is shown from its 0.5th to its 99.8th percentile.
  public init(image: Volume<Float>, mask: Mask, label: Mask?) {
    let ends = image.percentiles([0.5, 99.8])
    let (low, scale) = (Float(ends[0]), 255 / max(Float(ends[1] - ends[0]), .leastNormalMagnitude))
    self.image = image.map { UInt8(max(0, min(255, (($0 - low) * scale).rounded()))) }
      .canonicalized()
    guard let label else {
      classes = mask.canonicalized()
      legend = [LegendEntry(.orange, "segmented")]
      return
    }
    var classes = mask
    label.withVoxels { label in
      classes.withMutableVoxels { classes in
        for p in classes.indices {
          // 1 both, 2 the mask alone, 3 the label alone.
          classes[p] = classes[p] != 0 ? (label[p] != 0 ? 1 : 2) : (label[p] != 0 ? 3 : 0)
        }
      }
    }
    self.classes = classes.canonicalized()
    legend = [
      LegendEntry(.truePositive, "true positive"), LegendEntry(.falsePositive, "false positive"),
      LegendEntry(.falseNegative, "false negative (missed)"),
    ]
  }

  /// The maximum-intensity projections along the three axes with the classes laid over: where several lie behind each
  /// other a true positive hides a false one, because the rim of every vessel is a matter of half a voxel.
  public func projections() throws -> [Figure] {
    let views = [(1, "from the front"), (0, "from the left"), (2, "from above")]
    let pictures = try Parallel.map(views.count) { try encode(projection(along: views[$0].0)) }
    return zip(views, pictures).map { Figure($1, caption: "Maximum-intensity projection \($0.1)") }
  }

  private func projection(along axis: Int) -> RGBImage {
    let shape = image.shape
    let (h, v) = axis == 0 ? (1, 2) : axis == 1 ? (0, 2) : (0, 1)
    let spacing = image.grid.spacing
    let edge = min(spacing[h], spacing[v])
    // Pixels are square, so that the picture has the right proportions.
    let width = max(1, Int((Double(shape[h]) * spacing[h] / edge).rounded()))
    let height = max(1, Int((Double(shape[v]) * spacing[v] / edge).rounded()))
    let (brightest, first) = project(axis, h, v)
    var picture = RGBImage(width: width, height: height, color: .zero)
    for y in 0..<height {
      let row = shape[v] - 1 - min(shape[v] - 1, y * shape[v] / height)
      for x in 0..<width {
        let column = shape[h] - 1 - min(shape[h] - 1, x * shape[h] / width)
        let gray = brightest[column + shape[h] * row]
        let kind = Int(first[column + shape[h] * row])
        guard kind > 0, kind <= legend.count else {
          picture[x, y] = [gray, gray, gray]
          continue
        }
        let color = SIMD3<Float>(legend[kind - 1].color.rgb)
        let light = 0.35 + 0.65 * Float(gray) / 255
        picture[x, y] = SIMD3<UInt8>(
          clamping: SIMD3<Int>(color * light, rounding: .toNearestOrEven))
      }
    }
    return picture
  }

  /// For each ray along `axis` the greatest grey value and the smallest class that is not 0.
  private func project(_ axis: Int, _ h: Int, _ v: Int) -> (brightest: [UInt8], first: [UInt8]) {
    let shape = image.shape
    var brightest = [UInt8](repeating: 0, count: shape[h] * shape[v])
    var first = [UInt8](repeating: .max, count: shape[h] * shape[v])
    image.withVoxels { image in
      classes.withVoxels { classes in
        var index = 0
        for k in 0..<shape.z {
          for j in 0..<shape.y {
            for i in 0..<shape.x {
              let pixel =
                axis == 0 ? j + shape.y * k : axis == 1 ? i + shape.x * k : i + shape.x * j
              brightest[pixel] = max(brightest[pixel], image[index])
              // 0 wraps to 255, so that nothing is the last of all.
              first[pixel] = min(first[pixel], classes[index] &- 1)
              index += 1
            }
          }
        }
      }
    }
    return (brightest, first.map { $0 &+ 1 })
  }

  private func encode(_ picture: RGBImage) throws -> EncodedImage {
    EncodedImage(
      .png, data: Data(try PNGWriter().encode(picture)), width: picture.width,
      height: picture.height)
  }
}
