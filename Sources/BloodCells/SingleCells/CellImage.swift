import Foundation
import ImageAnalysis
import Imaging

/// The picture of one cell from which a classifier's input is made: colours and membership, 8 bits each.
///
/// All cells of an image are cut at one scale, ``diameters`` median cells to ``inputSide`` pixels, because size tells types
/// apart. The picture is larger than the input by a margin for small shifts.
public struct CellImage: Sendable, Hashable {
  /// Pixels along each side.
  public static let side = 72
  /// Pixels along each side of a classifier's input, cut from the middle.
  public static let inputSide = 64
  /// Median cell diameters that the input's side shows.
  public static let diameters = 1.75
  /// The value of `membership` in the background; the cell itself is 255, other cells are 1.
  public static let neutral: UInt8 = 128

  /// Red, green, blue of the balanced image, then membership; row by row.
  public let pixels: [SIMD4<UInt8>]

  /// A picture made elsewhere, such as read from a file; side × side pixels.
  public init(pixels: [SIMD4<UInt8>]) {
    precondition(pixels.count == Self.side * Self.side, "\(Self.side)×\(Self.side) pixels expected")
    self.pixels = pixels
  }

  /// The square around the middle of `cell`, sampled bilinearly; beyond the image's border the slide counts as empty.
  ///
  /// - Parameters:
  ///   - labels: The visible pixels of all cells, by id.
  ///   - diameter: The diameter of the image's median cell, in its pixels.
  public init(of cell: SmearCell, in smear: BalancedSmear, labels: Plane<UInt16>, diameter: Double) {
    precondition(diameter > 0, "a scale is needed")
    let side = Self.side
    let step = Self.diameters * diameter / Double(Self.inputSide)
    // Larger pixels are means over several samples, so that little is skipped.
    let samples = max(1, min(8, Int((step - 0.25).rounded(.up))))
    let columns = Axis(center: cell.ellipse.center.x, step: step, samples: samples)
    let rows = Axis(center: cell.ellipse.center.y, step: step, samples: samples)
    let width = columns.pixels.count
    pixels = withUnsafeTemporaryAllocation(
      of: SIMD4<Float>.self, capacity: width * rows.pixels.count
    ) { window in
      Self.fill(window, columns.pixels, rows.pixels, smear, labels: labels, own: UInt16(cell.id))
      return [SIMD4<UInt8>](unsafeUninitializedCapacity: side * side) { target, count in
        count = side * side
        columns.samples.withUnsafeBufferPointer { columns in
          rows.samples.withUnsafeBufferPointer { rows in
            let parts = Float(samples * samples)
            for index in 0..<count {
              var sum = SIMD4<Float>.zero
              for y in index / side * samples..<(index / side + 1) * samples {
                for x in index % side * samples..<(index % side + 1) * samples {
                  let (row, column) = (rows[y], columns[x])
                  let corner = row.place * width + column.place
                  let top = window[corner] * (1 - column.weight) + window[corner + 1] * column.weight
                  let bottom =
                    window[corner + width] * (1 - column.weight) + window[corner + width + 1] * column.weight
                  sum += top * (1 - row.weight) + bottom * row.weight
                }
              }
              target[index] = Self.bytes((sum / parts + 0.5).rounded(.down))
            }
          }
        }
      }
    }
  }

  /// Whole numbers of 0 to 255 as bytes. The standard library converts vectors lane by lane through generic code; beyond
  /// 2²³ the last bits of a float count in ones.
  private static func bytes(_ values: SIMD4<Float>) -> SIMD4<UInt8> {
    let bits = unsafeBitCast(values + 8_388_608, to: SIMD4<UInt32>.self)
    return SIMD4(
      UInt8(truncatingIfNeeded: bits.x), UInt8(truncatingIfNeeded: bits.y),
      UInt8(truncatingIfNeeded: bits.z), UInt8(truncatingIfNeeded: bits.w))
  }

  /// Where the samples lie along one axis.
  private struct Axis {
    /// The image's pixels that are needed, in order.
    var pixels: [Int] = []
    /// For each sample the place in `pixels` before it, and the weight of the one behind it.
    var samples: [(place: Int, weight: Float)] = []

    init(center: Double, step: Double, samples count: Int) {
      for index in 0..<side * count {
        let corner = Double(index / count) - Double(side) / 2
        let place = center + (corner + (Double(index % count) + 0.5) / Double(count)) * step
        let low = Int(place.rounded(.down))
        if pixels.last.map({ $0 < low }) ?? true { pixels.append(low) }
        if pixels.last == low { pixels.append(low + 1) }
        samples.append((pixels.count - 2, Float(place - place.rounded(.down))))
      }
    }
  }

  /// Colours and membership of the pixels in these columns and rows; beyond the border the slide is empty.
  private static func fill(
    _ window: UnsafeMutableBufferPointer<SIMD4<Float>>, _ columns: [Int], _ rows: [Int],
    _ smear: BalancedSmear, labels: Plane<UInt16>, own: UInt16
  ) {
    let size = SIMD2(smear.image.width, smear.image.height)
    labels.withPixels { labels in
      smear.image.samples.withUnsafeBufferPointer { colors in
        var next = 0
        for y in rows {
          for x in columns {
            defer { next += 1 }
            guard x >= 0, y >= 0, x < size.x, y < size.y else {
              window[next] = SIMD4(SIMD3(repeating: BalancedSmear.backgroundLevel), Float(neutral))
              continue
            }
            let place = x + size.x * y
            let label = labels[place]
            let membership: Float = label == own ? 255 : label == 0 ? Float(neutral) : 1
            window[next] = SIMD4(
              Float(colors[3 * place]), Float(colors[3 * place + 1]), Float(colors[3 * place + 2]),
              membership)
          }
        }
      }
    }
  }
}
