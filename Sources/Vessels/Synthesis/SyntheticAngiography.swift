import Foundation
import ImageAnalysis
import Imaging
import Numerics

/// What counts as a vessel in a label, because published labels differ.
public enum LabelConvention: String, Codable, Sendable, CaseIterable {
  /// Every vessel that can be seen above the noise.
  case all
  /// Vessels near the brightest value only, as many labels of angiographies have it.
  case bright
}

/// One synthetic angiography as numbers: equal values make equal images.
///
/// Drawn by ``RandomSyntheticAngiography``; encode it to keep a record from which the image can be made again.
public struct SyntheticAngiography: Codable, Sendable, Equatable {
  /// Where a tree begins: a place and a direction, in voxels.
  public struct Root: Codable, Sendable, Equatable {
    /// Position and direction, in voxels.
    public var position, direction: SIMD3<Float>
    /// How the tree grows from there.
    public var tree: VesselTreeParameters
  }

  /// Shape and placement of the image.
  public var grid: VoxelGrid
  /// Seeds growth, fields and noise.
  public var seed: UInt64
  /// The vessel trees.
  public var roots: [Root]
  /// Arteries whose course is given.
  public var arteries: [ArterialPath]
  /// Whether the trees are kept inside the head's brain and scalp.
  public var staysInTissue: Bool
  /// Venous sinuses.
  public var sinuses: [VenousSinus]
  /// The head's layers, or nil where the image lies inside the brain.
  public var head: HeadModel?
  /// The tissue inside the skull.
  public var tissue: TissueModel
  /// What looks like a vessel but is none.
  public var distractors: Distractors
  /// How the scanner sees it.
  public var acquisition: Acquisition
  /// Whether everything outside the brain is 0 in image and labels.
  public var isSkullStripped = false
  /// A voxel is vessel in the label where its blurred partial volume exceeds this.
  public var labelThreshold: Float

  /// Grow the trees; the same trees each time.
  public func vesselTrees() -> [VesselTree] {
    let shape = grid.shape
    let highest = SIMD3<Float>(Float(shape.x), Float(shape.y), Float(shape.z)) + 5
    return arteries.map { $0.tree() }
      + roots.enumerated().map { index, root in
        var stream = RandomStream(seed: seed, purpose: "vessel growth", indices: index)
        var growth = VesselGrowth(
          root.tree, lowest: [-6, -6, -6], highest: highest, segmentLimit: shape.count / 20)
        if staysInTissue, let head { growth.steering = head.steering(startingAt: root.position) }
        let bud = VesselGrowth.Bud(
          position: root.position, direction: root.direction.normalized, radius: root.tree.rootRadius)
        return growth.grow(from: bud, using: &stream)
      }
  }

  /// Make the image and its truth.
  public func make() -> SyntheticAngiographySample {
    let shape = grid.shape
    var raster = VesselRaster(shape: shape)
    raster.paint(vesselTrees())
    raster.paint(sinuses)
    var (image, vessels) = scene(raster)
    let spread = PointSpread(sigma: acquisition.pointSpread)
    var blurredVolume = raster.partialVolume
    spread.apply(to: &image, shape: shape)
    spread.apply(to: &vessels, shape: shape)
    spread.apply(to: &blurredVolume, shape: shape)
    var labels = Labels(
      cleanImage: image, vesselSignal: vessels, partialVolume: blurredVolume,
      centreline: raster.centreline, angiography: self)
    acquisition.scan(&image, shape: shape, seed: seed)
    if isSkullStripped, let head { keepBrain(head, &image, &labels) }
    return SyntheticAngiographySample(
      image: Volume(grid: grid, voxels: image),
      partialVolume: Volume(grid: grid, voxels: raster.partialVolume),
      radius: Volume(grid: grid, voxels: raster.radius),
      all: Volume(grid: grid, voxels: labels.all), bright: Volume(grid: grid, voxels: labels.bright))
  }

  /// The brightness before blur and noise, and the part of it that vessels add.
  private func scene(_ raster: VesselRaster) -> (image: [Float], vessels: [Float]) {
    let shape = grid.shape
    let plane = shape.x * shape.y
    let background = Background(
      shape: shape, tissue: tissue, head: head, distractors: distractors, seed: seed)
    var biasStream = RandomStream(seed: seed, purpose: "bias field")
    let bias = CubicBSplineField.random(shape: shape, size: acquisition.biasSize, using: &biasStream)
    let slabs = acquisition.slabs.map { SlabProfile($0, length: shape[$0.axis], seed: seed) }
    var image = [Float](unsafeUninitializedCapacity: shape.count) { $1 = shape.count }
    var vessels = [Float](unsafeUninitializedCapacity: shape.count) { $1 = shape.count }
    image.withUnsafeMutableBufferPointer { image in
      vessels.withUnsafeMutableBufferPointer { vessels in
        raster.partialVolume.withUnsafeBufferPointer { covered in
          raster.brightness.withUnsafeBufferPointer { brightness in
            // Each slice is written by one thread only.
            nonisolated(unsafe) let (image, vessels) = (image.baseAddress!, vessels.baseAddress!)
            nonisolated(unsafe) let (covered, brightness) = (covered.baseAddress!, brightness.baseAddress!)
            SliceLoop.forEach(of: shape) { k in
              let (slice, added) = (image + k * plane, vessels + k * plane)
              background.evaluate(slice: k, into: slice)
              self.addSpecks(slice: k, to: slice)
              withUnsafeTemporaryAllocation(of: Float.self, capacity: plane) { field in
                bias.evaluate(slice: k, into: field.baseAddress!)
                for p in 0..<plane {
                  var shading = acquisition.gain * exp(acquisition.bias * field[p])
                  if let slabs { shading *= slabs.factor(p % shape.x, p / shape.x, k) }
                  let blood = covered[k * plane + p] * (brightness[k * plane + p] - slice[p])
                  added[p] = shading * blood
                  slice[p] = shading * (slice[p] + blood)
                }
              }
            }
          }
        }
      }
    }
    return (image, vessels)
  }

  private func keepBrain(_ head: HeadModel, _ image: inout [Float], _ labels: inout Labels) {
    let shape = grid.shape
    for k in 0..<shape.z {
      for j in 0..<shape.y {
        for i in 0..<shape.x where head.depth([Float(i), Float(j), Float(k)]) < head.brainDepth {
          let voxel = shape.index(i, j, k)
          (image[voxel], labels.all[voxel], labels.bright[voxel]) = (0, 0, 0)
        }
      }
    }
  }

  private func addSpecks(slice k: Int, to slice: UnsafeMutablePointer<Float>) {
    let plane = grid.shape.x * grid.shape.y
    let expected = Float(distractors.specks) * Float(plane) / Float(64 * 64 * 64)
    guard expected > 0 else { return }
    var stream = RandomStream(seed: seed, purpose: "specks", indices: k)
    let count = Int(expected) + (stream.chance(expected - expected.rounded(.down)) ? 1 : 0)
    for _ in 0..<count {
      let p = stream.integer(0...plane - 1)
      slice[p] = max(slice[p], stream.uniform(0.4...1.2))
    }
  }
}

/// A synthetic angiography with all that is known about it.
public struct SyntheticAngiographySample: Sendable {
  /// The image; the brightest vessels are near 1 where it is clipped.
  public let image: Volume<Float>
  /// The exact fraction of each voxel that is vessel, before any blur.
  public let partialVolume: Volume<Float>
  /// The radius of the vessel in each voxel, in voxels; 0 outside.
  public let radius: Volume<Float>
  /// The labels under both conventions.
  public let all, bright: Mask

  /// The label under `convention`.
  public func label(_ convention: LabelConvention) -> Mask {
    switch convention {
    case .all: all
    case .bright: bright
    }
  }
}
