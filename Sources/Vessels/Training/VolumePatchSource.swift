import ImageAnalysis
import Imaging
import NeuralNetworks
import Numerics

/// A scan to train on, with its label where it has one.
public struct TrainingVolume: Sendable {
  /// The case.
  public let id: String
  /// The image, normalised.
  public let image: Volume<Float>
  /// The label; nil for an image-only case.
  public let label: Mask?
  let foreground: ForegroundIndex?
  let centreline: Mask?

  /// A scan.
  /// - Parameter centrelines: Whether centre lines of the label will be asked for, which takes a thinning.
  public init(id: String, image: Volume<Float>, label: Mask?, centrelines: Bool = false) {
    (self.id, self.image, self.label) = (id, image, label)
    foreground = label.map { ForegroundIndex($0) }
    // Widened by two voxels, kept inside the label: the tubed skeleton (Kirchhoff et al., ECCV 2024).
    centreline =
      centrelines
      ? label.map { label in
        let tube = label.skeletonized().dilated(by: .box(radius: 2))
        return Mask(grid: label.grid, voxels: zip(tube.voxels, label.voxels).map { min($0, $1) })
      } : nil
  }

  /// Bytes of the voxels in memory.
  public var bytes: Int {
    image.shape.count * (4 + (label == nil ? 0 : 1) + (centreline == nil ? 0 : 1))
      + 4 * (foreground?.positions.count ?? 0)
  }
}

/// Random patches of scans, augmented.
public struct VolumePatchSource: PatchSource {
  /// The scans that patches are drawn from, each scan as likely as the others; with labels, or without.
  public let volumes: [TrainingVolume]
  /// How many patches of each batch come from them.
  public var count: Int
  /// Where patches lie.
  public var sampler: PatchSampler
  /// What is changed about patches; nil for nothing.
  public var augmentation: RandomPatchAugmentation?
  /// Normalisation of each patch by itself, as DS6 has it; nil for none.
  public var patchNormalization: IntensityNormalization?
  /// The axes along which the whole label is projected, where that is a target.
  public var projectedAxes: [MIPLoss.Axis]
  /// Seeds places and changes.
  public var seed: UInt64
  private let projections: [[Plane<UInt8>]]

  /// Patches of `volumes`, which must not be empty.
  public init(
    _ volumes: [TrainingVolume], count: Int, sampler: PatchSampler, augmentation: RandomPatchAugmentation?,
    patchNormalization: IntensityNormalization? = nil, projectedAxes: [MIPLoss.Axis] = [], seed: UInt64
  ) {
    precondition(!volumes.isEmpty && count >= 0, "scans to draw from")
    precondition(
      projectedAxes.isEmpty || augmentation == nil,
      "a projection of the whole volume does not fit an augmented patch")
    (self.volumes, self.count, self.sampler, self.augmentation) = (volumes, count, sampler, augmentation)
    (self.patchNormalization, self.projectedAxes, self.seed) = (patchNormalization, projectedAxes, seed)
    projections = volumes.map { volume in
      projectedAxes.map { axis in
        (volume.label ?? Mask(grid: volume.image.grid, filledWith: 0))
          .maximumIntensityProjection(along: 4 - axis.rawValue)
      }
    }
  }

  /// The patches of step `step`.
  public func patches(step: Int) -> [TrainingPatch] {
    (0..<count).map { slot in
      var stream = RandomStream(
        seed: seed, purpose: volumes[0].label == nil ? "image-only patches" : "patches", indices: step, slot)
      let choice = stream.integer(0...volumes.count - 1)
      let volume = volumes[choice]
      let window = sampler.draw(in: volume.image.shape, foreground: volume.foreground, using: &stream)
      let change = augmentation?.draw(shape: sampler.patch, using: &stream) ?? .none
      var image = change.applied(toImage: window.values(of: volume.image), shape: sampler.patch)
      image.withUnsafeMutableBufferPointer { patchNormalization?.normalize(patch: $0) }
      func label(_ mask: Mask) -> [Float] {
        change.applied(toLabel: window.values(of: mask).map(Float.init), shape: sampler.patch)
      }
      return TrainingPatch(
        image: image, labels: volume.label.map(label), centrelines: volume.centreline.map(label),
        projections: projectedAxes.isEmpty
          ? nil
          : zip(projectedAxes, projections[choice]).map { Self.footprint(of: window, along: $0, in: $1) })
    }
  }

  /// The part of a projection that lies in front of a window; its edges are repeated where the window reaches beyond.
  static func footprint(of window: PatchWindow, along axis: MIPLoss.Axis, in plane: Plane<UInt8>) -> [Float] {
    let (columns, rows): (Range<Int>, Range<Int>)
    let x = window.x..<window.x + window.shape.x
    let y = window.y..<window.y + window.shape.y
    let z = window.z..<window.z + window.shape.z
    switch axis {
    case .z: (columns, rows) = (x, y)
    case .y: (columns, rows) = (x, z)
    case .x: (columns, rows) = (y, z)
    }
    return rows.flatMap { row in
      columns.map { column in
        Float(plane[min(max(column, 0), plane.width - 1), min(max(row, 0), plane.height - 1)])
      }
    }
  }
}
