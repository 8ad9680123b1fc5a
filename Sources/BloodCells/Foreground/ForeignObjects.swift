import Foundation
import ImageAnalysis
import Imaging

/// Takes needles, scale bars, arrows, white cells and clots of stain out of the foreground: connected pixels that absorb
/// far more red light than the image's red cells, whose haemoglobin lets red pass.
func removeForeignObjects(
  from mask: inout PlanarMask, image: RGBImage, radius: Double, _ parameters: ForegroundParameters
) -> [SeparatedSmear.Rejected] {
  let level = Double(BalancedSmear.backgroundLevel)
  let absorbance = (0..<256).map { max(0, log(level / max(1, Double($0)))) }
  var histogram = [Int](repeating: 0, count: 256)
  image.samples.withUnsafeBufferPointer { samples in
    for (index, value) in mask.pixels.enumerated() where value == SmearForeground.Value.cell {
      histogram[Int(samples[3 * index])] += 1
    }
  }
  let half = histogram.reduce(0, +) / 2
  var (sum, median) = (0, 255)
  for value in 0..<256 {
    sum += histogram[value]
    if sum > half {
      median = value
      break
    }
  }
  let typical = absorbance[median]
  let limit = max(parameters.foreignRedFactor * typical, typical + parameters.foreignRedExcess)
  guard let darkest = (0..<256).last(where: { absorbance[$0] > limit }) else { return [] }
  let width = mask.width
  var dark = PlanarMask(width: width, height: mask.height, filledWith: 0)
  dark.withMutablePixels { pixels in
    image.samples.withUnsafeBufferPointer { samples in
      for index in pixels.indices where Int(samples[3 * index]) <= darkest { pixels[index] = 1 }
    }
  }
  let cellArea = Double.pi * radius * radius
  let parts = PlanarComponents(of: dark.erodedByCross().dilatedByCross())
  var rejected: [SeparatedSmear.Rejected] = []
  for (index, region) in parts.regions.enumerated()
  where Double(region.area) >= parameters.smallestForeign * cellArea {
    let margin = Int((0.12 * radius).rounded(.up))
    let label = Int32(index + 1)
    for y in region.rows {
      for x in region.columns where parts.labels[x, y] == label {
        for ny in max(0, y - margin)...min(mask.height - 1, y + margin) {
          for nx in max(0, x - margin)...min(width - 1, x + margin) {
            mask[nx, ny] = SmearForeground.Value.foreign
          }
        }
      }
    }
    let shape = momentsEllipse(parts.mask(ofRegion: index))
    let isRound = shape.axisRatio < 2 && Double(region.area) > 0.6 * shape.area
    rejected.append(
      .init(reason: isRound ? .stained : .instrument, center: region.middle, area: region.area))
  }
  return rejected
}
