import Imaging
import Numerics

/// Vessels painted on a voxel grid: how much of each voxel is blood, how bright it is, and how thick the vessel.
package struct VesselRaster {
  package let shape: VoxelShape
  /// The fraction of each voxel that lies in a vessel, 0 to 1.
  package var partialVolume: [Float]
  /// The brightness of the vessel that covers most of a voxel, relative to the brightest vessels.
  package var brightness: [Float]
  /// The radius of that vessel, in voxels; 0 where there is none.
  package var radius: [Float]
  /// 1 in every voxel that a centre line passes.
  package var centreline: [UInt8]

  package init(shape: VoxelShape) {
    self.shape = shape
    partialVolume = Array(repeating: 0, count: shape.count)
    brightness = Array(repeating: 0, count: shape.count)
    radius = Array(repeating: 0, count: shape.count)
    centreline = Array(repeating: 0, count: shape.count)
  }

  /// Paint `trees`; where vessels overlap, the one that covers more of the voxel stays.
  package mutating func paint(_ trees: [VesselTree]) {
    withCanvas { canvas in
      SliceLoop.forEachSlab(of: canvas.shape) { slices in
        TubeCoverage.shared.withTable { table in
          for tree in trees {
            for segment in tree.segments {
              canvas.paint(segment, brightness: tree.brightness, slices: slices, table: table)
            }
          }
        }
      }
    }
  }

  /// Paint `sinuses` over what is there.
  mutating func paint(_ sinuses: [VenousSinus]) {
    withCanvas { canvas in
      for sinus in sinuses { sinus.paint(on: canvas) }
    }
  }

  private mutating func withCanvas(_ body: (Canvas) -> Void) {
    let shape = shape
    partialVolume.withUnsafeMutableBufferPointer { partialVolume in
      brightness.withUnsafeMutableBufferPointer { brightness in
        radius.withUnsafeMutableBufferPointer { radius in
          centreline.withUnsafeMutableBufferPointer { centreline in
            body(
              Canvas(
                shape: shape, partialVolume: partialVolume.baseAddress!, brightness: brightness.baseAddress!,
                radius: radius.baseAddress!, centreline: centreline.baseAddress!))
          }
        }
      }
    }
  }

  /// Pointers to the planes of a raster while it is painted; threads that share one paint different slices.
  struct Canvas: @unchecked Sendable {
    let shape: VoxelShape
    let partialVolume, brightness, radius: UnsafeMutablePointer<Float>
    let centreline: UnsafeMutablePointer<UInt8>

    /// Paint the part of `segment` that lies in `slices`.
    func paint(
      _ segment: VesselSegment, brightness value: Float, slices: Range<Int>, table: UnsafePointer<Float>
    ) {
      let reach = max(segment.startRadius, segment.endRadius) + TubeCoverage.reach
      guard
        let box = SegmentBox(
          around: segment.start, segment.end, reach: reach, shape: shape, slices: slices)
      else { return }
      let along = segment.end - segment.start
      let scale = 1 / max(along.dot(along), 1e-12)
      let widening = segment.endRadius - segment.startRadius
      for k in box.z {
        for j in box.y {
          let row = shape.index(0, j, k)
          for i in box.x {
            let offset = SIMD3(Float(i), Float(j), Float(k)) - segment.start
            let t = min(1, max(0, offset.dot(along) * scale))
            let across = offset - t * along
            let r = segment.startRadius + t * widening
            let distance = across.dot(across).squareRoot()
            let covered = TubeCoverage.fraction(table, radius: r, distance: distance)
            if covered > partialVolume[row + i] {
              partialVolume[row + i] = covered
              brightness[row + i] = value
              radius[row + i] = r
            }
          }
        }
      }
      markCentreline(of: segment, slices: slices)
    }

    private func markCentreline(of segment: VesselSegment, slices: Range<Int>) {
      let along = segment.end - segment.start
      let steps = max(1, Int(along.length / 0.4))
      for step in 0...steps {
        let point = segment.start + along * (Float(step) / Float(steps))
        let (i, j, k) = (Int(point.x.rounded()), Int(point.y.rounded()), Int(point.z.rounded()))
        if slices.contains(k), shape.contains(i, j, k) { centreline[shape.index(i, j, k)] = 1 }
      }
    }
  }
}

/// The voxels within some distance of a straight line that lie in a range of slices.
struct SegmentBox {
  let x, y, z: ClosedRange<Int>

  init?(around a: SIMD3<Float>, _ b: SIMD3<Float>, reach: Float, shape: VoxelShape, slices: Range<Int>) {
    func range(_ axis: Int, _ lowest: Int, _ highest: Int) -> ClosedRange<Int>? {
      let low = max(Float(lowest), (min(a[axis], b[axis]) - reach).rounded(.up))
      let high = min(Float(highest), (max(a[axis], b[axis]) + reach).rounded(.down))
      return low <= high ? Int(low)...Int(high) : nil
    }
    guard let z = range(2, slices.lowerBound, slices.upperBound - 1), let y = range(1, 0, shape.y - 1),
      let x = range(0, 0, shape.x - 1)
    else { return nil }
    (self.x, self.y, self.z) = (x, y, z)
  }
}

/// Loops over slices: on all cores for a whole volume, on the calling thread for a patch, whose makers already run
/// side by side.
enum SliceLoop {
  /// Fewer voxels than this are not worth more than one thread.
  static let worthThreads = 1 << 20

  static func forEachSlab(of shape: VoxelShape, _ body: @Sendable (Range<Int>) -> Void) {
    if shape.count < worthThreads { return body(0..<shape.z) }
    let slabs = Parallel.slabs(of: 0..<shape.z, count: 4 * Parallel.threads)
    Parallel.forEach(0..<slabs.count) { body(slabs[$0]) }
  }

  static func forEach(of shape: VoxelShape, _ body: @Sendable (Int) -> Void) {
    if shape.count < worthThreads {
      for k in 0..<shape.z { body(k) }
    } else {
      Parallel.forEach(0..<shape.z, body)
    }
  }
}
