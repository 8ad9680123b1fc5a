import Foundation
import Imaging
import Numerics

/// Draws angiographies of whole heads: skull, scalp and brain, the circle of Willis with its branches, scalp arteries,
/// sagittal sinus, multi-slab acquisition.
///
/// For pictures, samples and benchmarks; training draws from the wider ``RandomSyntheticAngiography``. Axes are RAS, so the
/// head stands upright; where the volume is smaller than a head it is a crop around the circle of Willis.
public struct RandomHead: Codable, Sendable, Equatable {
  /// The shape of the images.
  public var shape: VoxelShape
  /// The voxel size in mm.
  public var spacing: SIMD3<Double>

  /// Heads in images of `shape` and isotropic `spacing` (mm).
  public init(shape: VoxelShape, spacing: Double = 0.6) {
    self.shape = shape
    self.spacing = .init(repeating: spacing)
  }

  /// The head of `seed` with number `index`.
  public func draw(seed: UInt64, index: Int) -> SyntheticAngiography {
    var stream = RandomStream(seed: seed, purpose: "synthetic head", indices: index)
    let head = drawHead(&stream)
    let brain = BrainFrame(centre: head.centre, semiAxes: head.semiAxes - head.brainDepth)
    let arteries = drawArteries(brain, &stream)
    var roots = arteries.flatMap { artery, path in drawBranches(of: artery, path, brain, &stream) }
    roots += drawScalpArteries(head, &stream)
    return SyntheticAngiography(
      grid: VoxelGrid(shape: shape, affine: Affine(spacing: spacing)), seed: stream.next(), roots: roots,
      arteries: arteries.map(\.1), staysInTissue: true, sinuses: drawSinuses(head, &stream), head: head,
      tissue: drawTissue(&stream), distractors: drawDistractors(brain, &stream),
      acquisition: drawAcquisition(&stream), labelThreshold: 0.47)
  }

  /// Voxels in a millimetre.
  private var scale: Float { Float(1 / spacing.x) }

  private func drawHead(_ stream: inout RandomStream) -> HeadModel {
    let semiAxes =
      scale
      * SIMD3<Float>(
        76 * stream.uniform(0.95...1.05), 95 * stream.uniform(0.95...1.05), 82 * stream.uniform(0.96...1.04))
    let circleOfWillis: SIMD3<Float> = [0, 0.1, -0.36]
    let anchor: SIMD3<Float> = [0.5, 0.5, 0.4]
    var centre = SIMD3<Float>()
    for axis in 0..<3 {
      let length = Float(shape[axis])
      if length < 1.7 * semiAxes[axis] {
        centre[axis] = anchor[axis] * length - 0.85 * circleOfWillis[axis] * semiAxes[axis]
      } else {
        centre[axis] = axis == 2 ? length - 5 * scale - semiAxes[axis] : 0.5 * length
      }
    }
    return HeadModel(
      centre: centre, semiAxes: semiAxes, wobble: 0.8 * scale,
      scalp: scale * stream.uniform(3.5...6), muscle: scale * stream.uniform(0...1.5),
      bone: scale * stream.uniform(4...6.5), fluid: scale * stream.uniform(1...2.5),
      scalpIntensity: stream.uniform(0.35...0.55), muscleIntensity: stream.uniform(0.2...0.3),
      boneIntensity: stream.uniform(0.05...0.1), fluidIntensity: stream.uniform(0.12...0.22),
      airIntensity: 0.01, scalpTexture: stream.uniform(0.06...0.14))
  }

  private func drawArteries(
    _ brain: BrainFrame, _ stream: inout RandomStream
  ) -> [(CerebralArtery, ArterialPath)] {
    var result: [(CerebralArtery, ArterialPath)] = []
    // Arteries that meet share their point, so it is moved once for all of them.
    var moved: [SIMD3<Float>: SIMD3<Float>] = [:]
    for artery in CerebralArtery.all {
      for side in artery.isPaired ? [1, -1] as [Float] : [1] {
        let points = artery.points.map { point in
          let mirrored = point * [side, 1, 1]
          let place =
            moved[mirrored] ?? mirrored + 0.025 * [stream.normal(), stream.normal(), stream.normal()]
          moved[mirrored] = place
          return brain.point(place)
        }
        let thickness = scale * stream.uniform(0.85...1.15)
        let path = ArterialPath(
          points: points, startRadius: artery.startRadius * thickness,
          endRadius: artery.endRadius * thickness,
          brightness: stream.uniform(0.98...1.05))
        result.append((artery, path))
      }
    }
    return result
  }

  private func drawBranches(
    of artery: CerebralArtery, _ path: ArterialPath, _ brain: BrainFrame, _ stream: inout RandomStream
  ) -> [SyntheticAngiography.Root] {
    let count = stream.integer(artery.branches)
    // The tip goes on as a tree of its own where the artery is not joined by another.
    let isOpen = path.endRadius < 0.9 * scale
    return (0..<count + (isOpen ? 1 : 0)).map { index in
      let isTip = index == count
      let fraction = isTip ? 1 : stream.uniform(0.25...1)
      let (position, direction, radius) = path.sample(at: fraction)
      let aside = SIMD3(stream.normal(), stream.normal(), stream.normal()).normalized
      let outward = ((position - brain.centre) / brain.semiAxes).normalized
      let heading = isTip ? direction : (0.5 * direction + 0.8 * outward + 0.7 * aside).normalized
      let root = isTip ? radius : radius * stream.uniform(artery.branchRatio)
      return .init(
        position: position, direction: heading, tree: tree(rootRadius: root, &stream))
    }
  }

  private func tree(rootRadius: Float, _ stream: inout RandomStream) -> VesselTreeParameters {
    VesselTreeParameters(
      rootRadius: rootRadius, stopRadius: scale * stream.uniform(0.28...0.4),
      lengthFactor: stream.uniform(3.5...7), tortuosity: stream.uniform(0.25...0.6), radiusJitter: 0.05,
      brightness: stream.uniform(0.9...1.05))
  }

  /// Superficial temporal and occipital arteries, winding through the scalp.
  private func drawScalpArteries(
    _ head: HeadModel, _ stream: inout RandomStream
  ) -> [SyntheticAngiography.Root] {
    (0..<stream.integer(4...8)).map { index in
      let side: Float = index % 2 == 0 ? 1 : -1
      let angle = stream.uniform(-2.4...0.6)
      let onSphere = SIMD3(side * cos(angle), sin(angle), stream.uniform(-0.6...(-0.2))).normalized
      let position = head.centre + head.semiAxes * onSphere
      let inside = position - 0.6 * head.scalp * head.outward(at: position)
      return .init(
        position: inside, direction: [0, 0, 1],
        tree: tree(rootRadius: scale * stream.uniform(0.5...0.9), &stream))
    }
  }

  /// The superior sagittal sinus along the inner table of the skull, from the forehead over the vertex.
  private func drawSinuses(_ head: HeadModel, _ stream: inout RandomStream) -> [VenousSinus] {
    guard stream.chance(0.7) else { return [] }
    let (width, depth) = (scale * stream.uniform(2.5...4.5), scale * stream.uniform(2...3.5))
    let table = head.semiAxes - (head.scalp + head.muscle + head.bone + depth)
    let steps = Int(3 * table.max())
    let angles = (0...steps).map { 0.5 + 2.9 * Float($0) / Float(steps) }
    let sway = scale * stream.uniform(-2...2)
    let path = angles.map { head.centre + [sway * sin($0), table.y * cos($0), table.z * sin($0)] }
    return [
      VenousSinus(
        path: path, outward: path.map(head.outward), halfWidth: width, halfDepth: depth,
        triangularity: stream.uniform(0.3...0.9), brightness: stream.uniform(0.7...1.05))
    ]
  }

  private func drawTissue(_ stream: inout RandomStream) -> TissueModel {
    let white = stream.uniform(0.38...0.5)
    return TissueModel(
      intensities: [white, 0.93 * white, 1.04 * white, 0.88 * white], regionSize: 7 * scale, texture: 0.025,
      grain: 2.5)
  }

  /// The ventricles, and the air and muscle below the skull.
  private func drawDistractors(_ brain: BrainFrame, _ stream: inout RandomStream) -> Distractors {
    var result = Distractors()
    for side in [1, -1] as [Float] {
      for (y, z, length) in [(0.22, 0.12, 0.22), (-0.12, 0.18, 0.28), (-0.42, 0.0, 0.12)]
        as [(Float, Float, Float)]
      {
        result.blobs.append(
          .init(
            centre: brain.point([side * stream.uniform(0.09...0.14), y, z]),
            semiAxes: brain.semiAxes * [stream.uniform(0.04...0.08), length, stream.uniform(0.06...0.1)],
            intensity: 0.2))
      }
    }
    for _ in 0..<60 {
      let place = SIMD3(stream.uniform(-0.9...0.9), stream.uniform(-0.9...1), stream.uniform(-1.3...(-0.8)))
      let size = scale * stream.uniform(4...14)
      result.blobs.append(
        .init(
          centre: brain.point(place),
          semiAxes: size * [stream.uniform(0.5...1.5), stream.uniform(0.5...1.5), stream.uniform(0.4...1)],
          intensity: stream.chance(0.5) ? 0.05 : stream.uniform(0.2...0.5)))
    }
    return result
  }

  private func drawAcquisition(_ stream: inout RandomStream) -> Acquisition {
    let size = Float(max(shape.x, shape.y, shape.z))
    return Acquisition(
      bias: stream.uniform(0.05...0.15), biasSize: 0.7 * size,
      slabs: stream.chance(0.7)
        ? .init(
          axis: 2, period: scale * stream.uniform(16...28), offset: stream.uniform(0...20),
          step: stream.uniform(0.04...0.15)) : nil,
      ghost: nil, pointSpread: .init(repeating: stream.uniform(0.45...0.65)),
      gain: stream.uniform(1...1.15), noise: stream.uniform(0.02...0.045), noiseCorrelation: 0.4,
      isClipped: true, gamma: 1, isEightBit: true)
  }
}

/// Coordinates in fractions of the brain's semi-axes.
private struct BrainFrame {
  let centre, semiAxes: SIMD3<Float>

  func point(_ fraction: SIMD3<Float>) -> SIMD3<Float> { centre + semiAxes * fraction }
}
