import Foundation
import ImageAnalysis
import Imaging
import Numerics

/// Everything that is not vessel, slice by slice.
struct Background: Sendable {
  private let shape: VoxelShape
  private let tissue: TissueModel
  private let head: HeadModel?
  private let distractors: Distractors
  private let regions: [CubicBSplineField]
  private let grain: CubicBSplineField
  private let surface: CubicBSplineField?
  private let marbling: CubicBSplineField?

  init(shape: VoxelShape, tissue: TissueModel, head: HeadModel?, distractors: Distractors, seed: UInt64) {
    self.shape = shape
    self.tissue = tissue
    self.head = head
    self.distractors = distractors
    func field(_ purpose: String, _ index: Int, size: Float) -> CubicBSplineField {
      var stream = RandomStream(seed: seed, purpose: purpose, indices: index)
      return .random(shape: shape, size: size, using: &stream)
    }
    regions = tissue.intensities.indices.dropFirst().map {
      field("tissue regions", $0, size: tissue.regionSize)
    }
    grain = field("tissue grain", 0, size: tissue.grain)
    surface = head.map { _ in field("head surface", 0, size: 24) }
    marbling = head.map { _ in field("scalp texture", 0, size: 3) }
  }

  /// Write the brightness of slice `k` to `output`, the brightest vessels being 1.
  func evaluate(slice k: Int, into output: UnsafeMutablePointer<Float>) {
    let count = shape.x * shape.y
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * count) { scratch in
      let (field, best) = (scratch.baseAddress!, scratch.baseAddress! + count)
      paintTissue(slice: k, into: output, best: best, field: field)
      for sheet in distractors.sheets { paint(sheet, slice: k, on: output) }
      if let head, let surface, let marbling {
        surface.evaluate(slice: k, into: field)
        marbling.evaluate(slice: k, into: best)
        paint(head, slice: k, wobble: field, marbling: best, on: output)
      }
      for blob in distractors.blobs { paint(blob, slice: k, on: output) }
    }
  }

  /// The class of a voxel is that of the largest of its fields; the first class's field is 0 everywhere.
  private func paintTissue(
    slice k: Int, into output: UnsafeMutablePointer<Float>, best: UnsafeMutablePointer<Float>,
    field: UnsafeMutablePointer<Float>
  ) {
    let count = shape.x * shape.y
    for p in 0..<count {
      output[p] = tissue.intensities[0]
      best[p] = 0
    }
    for (index, region) in regions.enumerated() {
      let intensity = tissue.intensities[index + 1]
      region.evaluate(slice: k, into: field)
      for p in 0..<count where field[p] > best[p] {
        best[p] = field[p]
        output[p] = intensity
      }
    }
    grain.evaluate(slice: k, into: field)
    let texture = tissue.texture
    for p in 0..<count { output[p] *= max(0, 1 + texture * field[p]) }
  }

  private func paint(
    _ head: HeadModel, slice k: Int, wobble: UnsafePointer<Float>, marbling: UnsafePointer<Float>,
    on output: UnsafeMutablePointer<Float>
  ) {
    // From the inside out: each layer's outer border is where the next one takes over.
    let borders = [
      (head.brainDepth, head.fluidIntensity), (head.brainDepth - head.fluid, head.boneIntensity),
      (head.brainDepth - head.fluid - head.bone, head.muscleIntensity),
      (head.scalp, head.scalpIntensity), (0, head.airIntensity),
    ]
    for j in 0..<shape.y {
      for i in 0..<shape.x {
        let p = i + shape.x * j
        let depth = head.depth([Float(i), Float(j), Float(k)]) + head.wobble * wobble[p]
        if depth > head.brainDepth + 0.5 { continue }
        var value = output[p]
        for (index, (border, intensity)) in borders.enumerated() where depth < border + 0.5 {
          let texture = index == 3 ? max(0.1, 1 + head.scalpTexture * marbling[p]) : 1
          let share = min(1, border + 0.5 - depth)
          value += share * (intensity * texture - value)
        }
        output[p] = value
      }
    }
  }

  private func paint(_ blob: Distractors.Blob, slice k: Int, on output: UnsafeMutablePointer<Float>) {
    let reach = blob.semiAxes.max() + 1
    guard
      let box = SegmentBox(
        around: blob.centre, blob.centre, reach: reach, shape: shape, slices: k..<k + 1)
    else { return }
    for j in box.y {
      for i in box.x {
        let offset = SIMD3(Float(i), Float(j), Float(k)) - blob.centre
        let ratio = (offset / blob.semiAxes).length
        let inside = (1 - ratio) * blob.semiAxes.min()
        let share = min(1, max(0, inside + 0.5))
        output[i + shape.x * j] += share * (blob.intensity - output[i + shape.x * j])
      }
    }
  }

  private func paint(_ sheet: Distractors.Sheet, slice k: Int, on output: UnsafeMutablePointer<Float>) {
    guard
      let box = SegmentBox(
        around: sheet.centre, sheet.centre, reach: sheet.extent + abs(sheet.sag), shape: shape,
        slices: k..<k + 1)
    else { return }
    for j in box.y {
      for i in box.x {
        let offset = SIMD3(Float(i), Float(j), Float(k)) - sheet.centre
        let height = offset.dot(sheet.normal)
        let inPlane = (offset - height * sheet.normal).length / sheet.extent
        if inPlane > 1 { continue }
        let share = min(1, max(0, sheet.halfThickness + 0.5 - abs(height - sheet.sag * inPlane * inPlane)))
        output[i + shape.x * j] += share * (sheet.intensity - output[i + shape.x * j])
      }
    }
  }
}
