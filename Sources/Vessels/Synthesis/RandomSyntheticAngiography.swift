import Foundation
import Imaging
import Numerics

/// Draws synthetic angiographies from a domain far wider than that of any one scanner (domain randomisation: Tobin
/// et al., 2017; for segmentation Billot et al., SynthSeg, 2023), so that a network trained on them meets a real scan as one more case.
///
/// Lengths are in voxels, so one network serves spacings from about 0.3 to 0.8 mm.
public struct RandomSyntheticAngiography: Codable, Sendable, Equatable {
  /// The shape of the images.
  public var shape: VoxelShape
  /// The voxel size in mm, for the affine only.
  public var spacing: SIMD3<Double>
  /// The probability of a patch without vessels, that of a head surface in the patch, and that of a venous sinus.
  public var emptyProbability, headProbability, sinusProbability: Float
  /// The probability of contrast, noise and courses as time-of-flight scans of adults have them; the rest is wider.
  public var typicalProbability: Float
  /// The probability that an image with a head holds nothing outside its brain, as after skull stripping.
  public var strippedProbability: Float

  /// The domain of images of `shape` and `spacing` (mm).
  public init(shape: VoxelShape, spacing: SIMD3<Double> = [0.6, 0.6, 0.6]) {
    self.shape = shape
    self.spacing = spacing
    emptyProbability = 0.06
    headProbability = 0.55
    sinusProbability = 0.45
    typicalProbability = 0.5
    strippedProbability = 0.08
  }

  /// The angiography of `seed` with number `index`.
  public func draw(seed: UInt64, index: Int) -> SyntheticAngiography {
    var stream = RandomStream(seed: seed, purpose: "synthetic angiography", indices: index)
    let isTypical = stream.chance(typicalProbability)
    let head = stream.chance(headProbability) ? drawHead(&stream) : nil
    let tissue = isTypical ? drawTypicalTissue(&stream) : drawTissue(&stream)
    let mean = tissue.intensities.reduce(0, +) / Float(tissue.intensities.count)
    let contrast = isTypical ? 1 - mean : stream.uniform(0.2...0.9)
    let brightest = contrast + mean
    let isScaled = brightest > 1 || stream.chance(0.6)
    var angiography = SyntheticAngiography(
      grid: VoxelGrid(shape: shape, affine: Affine(spacing: spacing)), seed: stream.next(), roots: [],
      arteries: [],
      staysInTissue: head != nil, sinuses: [], head: head, tissue: tissue,
      distractors: drawDistractors(&stream),
      acquisition: isTypical ? drawTypicalAcquisition(&stream) : drawAcquisition(&stream),
      labelThreshold: stream.uniform(0.45...0.5))
    angiography.isSkullStripped = head != nil && stream.chance(strippedProbability)
    if !stream.chance(emptyProbability) {
      angiography.roots = drawRoots(head, contrast: contrast / brightest, isTypical: isTypical, &stream)
      if stream.chance(sinusProbability) { angiography.sinuses = [drawSinus(head, &stream)] }
    }
    angiography.scale(brightest: brightest, toOne: isScaled)
    return angiography
  }

  /// How many 64³ patches the image holds.
  private var patches: Float { Float(shape.count) / Float(64 * 64 * 64) }

  private func point(_ stream: inout RandomStream) -> SIMD3<Float> {
    [
      stream.uniform() * Float(shape.x - 1), stream.uniform() * Float(shape.y - 1),
      stream.uniform() * Float(shape.z - 1),
    ]
  }

  private func direction(_ stream: inout RandomStream) -> SIMD3<Float> {
    SIMD3(stream.normal(), stream.normal(), stream.normal()).normalized
  }

  private func logUniform(_ range: ClosedRange<Float>, _ stream: inout RandomStream) -> Float {
    exp(stream.uniform(log(range.lowerBound)...log(range.upperBound)))
  }
}

// MARK: - Vessels

extension RandomSyntheticAngiography {
  private func drawRoots(
    _ head: HeadModel?, contrast: Float, isTypical: Bool, _ stream: inout RandomStream
  ) -> [SyntheticAngiography.Root] {
    let isSlender = stream.chance(0.5)
    let tortuosity = stream.uniform(0.1...(isTypical ? 0.5 : 0.9))
    let jitter = stream.uniform(0.02...0.12)
    let thick = max(1, Int((Float(stream.integer(1...5)) * patches).rounded()))
    let thin = Int((Float(stream.integer(2...18)) * patches).rounded())
    return (0..<thick + thin).map { index in
      let radius =
        index < thick
        ? logUniform(0.6...(isSlender ? 2.5 : 5), &stream) : logUniform(0.45...1.3, &stream)
      // Slow blood in thin vessels loses signal: less of the contrast is left.
      let brightness =
        1 - contrast * (1 - (index < thick ? stream.uniform(0.8...1) : stream.uniform(0.35...1)))
      let (position, direction) = drawStart(in: head, &stream)
      let tree = VesselTreeParameters(
        rootRadius: radius, stopRadius: stream.uniform(0.32...max(0.33, 0.8 * radius)),
        lengthFactor: stream.uniform((isTypical ? 1.5 : 0.8)...4),
        tortuosity: tortuosity * stream.uniform(0.6...1.4),
        radiusJitter: jitter, brightness: brightness)
      return .init(position: position, direction: direction, tree: tree)
    }
  }

  /// A start in the tissue; where the image holds hardly any, what the last of some draws gave.
  private func drawStart(
    in head: HeadModel?, _ stream: inout RandomStream
  ) -> (SIMD3<Float>, SIMD3<Float>) {
    var start = drawStart(&stream)
    guard let head else { return start }
    for _ in 0..<20 {
      let depth = head.depth(start.0)
      let isBone = depth > head.scalp + head.muscle && depth < head.brainDepth - head.fluid
      if depth > 0.3 * head.scalp, !isBone { break }
      start = drawStart(&stream)
    }
    return start
  }

  /// A place on a face, looking inwards, or any place and direction.
  private func drawStart(_ stream: inout RandomStream) -> (SIMD3<Float>, SIMD3<Float>) {
    var position = point(&stream)
    var direction = direction(&stream)
    guard stream.chance(0.6) else { return (position, direction) }
    let axis = stream.integer(0...2)
    let isLow = stream.chance(0.5)
    position[axis] = isLow ? -1 : Float(shape[axis])
    direction[axis] = (isLow ? 1 : -1) * max(0.3, abs(direction[axis]))
    return (position, direction.normalized)
  }

  /// A smooth channel through the image, along the inner table where there is a head.
  private func drawSinus(_ head: HeadModel?, _ stream: inout RandomStream) -> VenousSinus {
    let start = point(&stream)
    var heading = direction(&stream)
    let turn = direction(&stream) * stream.uniform(0...0.03)
    let width = stream.uniform(2...8)
    let depth = min(width, stream.uniform(1.5...6))
    let length = Int(Float(max(shape.x, shape.y, shape.z)) * 1.5)
    var (forward, outward) = ([SIMD3<Float>](), [SIMD3<Float>]())
    var position = start
    let fixedOutward = heading.anyPerpendicular
    for step in -length / 2..<length / 2 {
      if step == -length / 2 { position = start - heading * Float(length / 2) }
      heading = (heading + turn.cross(heading)).normalized
      position += heading
      var up = fixedOutward
      if let head {
        up = ((position - head.centre) / (head.semiAxes * head.semiAxes)).normalized
        // Slide onto the inner table, the roof of the channel touching it.
        position += up * (head.depth(position) - head.scalp - head.muscle - head.bone - depth)
      }
      forward.append(position)
      outward.append(up)
    }
    return VenousSinus(
      path: forward, outward: outward, halfWidth: width, halfDepth: depth,
      triangularity: stream.uniform(0...1), brightness: stream.uniform(0.75...1))
  }
}

// MARK: - What is not vessel

extension RandomSyntheticAngiography {
  private func drawTissue(_ stream: inout RandomStream) -> TissueModel {
    tissue(
      base: 0.15...0.6, spread: 0.02...0.35, classes: 1...5, darkest: 0.03, texture: 0.02...0.15, &stream)
  }

  /// Brain as time-of-flight scans show it: grey and white matter close together, a fine grain.
  private func drawTypicalTissue(_ stream: inout RandomStream) -> TissueModel {
    tissue(
      base: 0.33...0.58, spread: 0.01...0.12, classes: 1...4, darkest: 0.1, texture: 0.01...0.06, &stream)
  }

  /// Tissue of some `classes` around one brightness `base`, their differences a share `spread` of it.
  private func tissue(
    base: ClosedRange<Float>, spread: ClosedRange<Float>, classes: ClosedRange<Int>, darkest: Float,
    texture: ClosedRange<Float>, _ stream: inout RandomStream
  ) -> TissueModel {
    let base = stream.uniform(base)
    let spread = stream.uniform(spread)
    let classes = stream.integer(classes)
    return TissueModel(
      intensities: (0..<classes).map { _ in max(darkest, base * (1 + spread * stream.normal())) },
      regionSize: stream.uniform(7...28), texture: logUniform(texture, &stream),
      grain: stream.uniform(1.5...5))
  }

  /// A head whose surface passes through or near the image.
  private func drawHead(_ stream: inout RandomStream) -> HeadModel {
    let radius = stream.uniform(45...160)
    let scalp = stream.uniform(2...12)
    let muscle = stream.chance(0.4) ? stream.uniform(1...6) : 0
    let bone = stream.uniform(2...9)
    let fluid = stream.uniform(0...2.5)
    let outward = direction(&stream)
    // Somewhere in the image the ray from the head's centre is at a depth between the air and well inside the brain.
    let centre = point(&stream) - outward * (radius - stream.uniform(0...scalp + muscle + bone + 20))
    return HeadModel(
      centre: centre, semiAxes: radius * [stream.uniform(0.85...1.15), stream.uniform(0.85...1.15), 1],
      wobble: stream.uniform(0...2), scalp: scalp, muscle: muscle, bone: bone, fluid: fluid,
      scalpIntensity: stream.uniform(0.25...1.1), muscleIntensity: stream.uniform(0.1...0.45),
      boneIntensity: stream.uniform(0.02...0.2), fluidIntensity: stream.uniform(0.05...0.3),
      airIntensity: stream.uniform(0...0.05), scalpTexture: stream.uniform(0.05...0.4))
  }

  private func drawDistractors(_ stream: inout RandomStream) -> Distractors {
    var result = Distractors()
    if stream.chance(0.4) {
      for _ in 0..<Int(Float(stream.integer(1...6)) * patches.rounded(.up)) {
        let size = stream.uniform(2...12)
        result.blobs.append(
          .init(
            centre: point(&stream),
            semiAxes: size * [
              stream.uniform(0.5...1.5), stream.uniform(0.5...1.5), stream.uniform(0.5...1.5),
            ],
            intensity: stream.uniform(0.03...1)))
      }
    }
    if stream.chance(0.3) {
      for _ in 0..<Int(Float(stream.integer(1...3)) * patches.rounded(.up)) {
        result.sheets.append(
          .init(
            centre: point(&stream), normal: direction(&stream), halfThickness: stream.uniform(0.4...2),
            extent: stream.uniform(8...40), sag: stream.uniform(-10...10),
            intensity: stream.uniform(0.2...1)))
      }
    }
    if stream.chance(0.4) { result.specks = stream.integer(2...40) }
    return result
  }

  private func drawAcquisition(_ stream: inout RandomStream) -> Acquisition {
    let size = Float(max(shape.x, shape.y, shape.z))
    let spread = stream.uniform(0.2...0.85)
    let slabs =
      stream.chance(0.4)
      ? Acquisition.Slabs(
        axis: stream.chance(0.8) ? 2 : stream.integer(0...1), period: stream.uniform(10...40),
        offset: stream.uniform(0...40), step: stream.uniform(0.02...0.15)) : nil
    let ghost =
      stream.chance(0.1)
      ? Acquisition.Ghost(
        axis: stream.integer(0...1), shift: stream.integer(2...max(3, shape.x / 3)),
        amplitude: stream.uniform(0.01...0.06)) : nil
    return Acquisition(
      bias: stream.uniform(0.03...0.3), biasSize: size * stream.uniform(0.5...1.2), slabs: slabs,
      ghost: ghost,
      pointSpread: spread * [1, stream.uniform(0.8...1.2), stream.uniform(0.7...1.3)],
      gain: stream.uniform(0.75...1.3), noise: logUniform(0.01...0.1, &stream),
      noiseCorrelation: stream.chance(0.35) ? stream.uniform(0.4...0.8) : 0,
      isClipped: stream.chance(0.7), gamma: stream.chance(0.3) ? stream.uniform(0.8...1.25) : 1,
      isEightBit: stream.chance(0.5))
  }

  /// Interpolated by the scanner, noise of about a twentieth of the saturated arteries.
  private func drawTypicalAcquisition(_ stream: inout RandomStream) -> Acquisition {
    var result = drawAcquisition(&stream)
    result.bias = stream.uniform(0.03...0.15)
    result.gain = stream.uniform(0.95...1.35)
    result.noise = stream.uniform(0.03...0.08)
    result.noiseCorrelation = stream.chance(0.7) ? stream.uniform(0.35...0.75) : 0
    result.isClipped = true
    result.gamma = 1
    return result
  }
}

extension SyntheticAngiography {
  /// Put the vessels at brightness `brightest` on the scale of the tissue, then, if asked, all of it on the
  /// scale of the vessels.
  fileprivate mutating func scale(brightest: Float, toOne isScaled: Bool) {
    let (vessels, rest) = isScaled ? (1, 1 / brightest) : (brightest, 1)
    for index in roots.indices { roots[index].tree.brightness *= vessels }
    for index in sinuses.indices { sinuses[index].brightness *= vessels }
    tissue.intensities = tissue.intensities.map { min(0.9, $0 * rest) }
  }
}
