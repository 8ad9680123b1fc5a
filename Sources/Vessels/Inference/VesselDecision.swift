import ImageAnalysis
import Imaging

/// Which voxels of a probability map are vessel.
public struct VesselDecision: Codable, Sendable, Equatable {
  /// What the image's intensity has to say beside the network.
  public enum Brightness: String, Codable, Sendable, CaseIterable {
    /// Nothing.
    case ignored
    /// Bright voxels are added where they go on from vessels: a saturated artery is not cut where the network doubts.
    case added
    /// Only bright voxels are vessel, and vessels reach as far as these go on: what labels drawn by a threshold hold.
    case required
  }

  /// Voxels of at least this probability are vessel; nil = Otsu's threshold of the map, 0.5 for a constant one.
  public var high: Float?
  /// Voxels of at least this share of `high` are vessel where they are connected to one above `high`; 1 = no hysteresis.
  public var lowShare: Float = 1
  /// What the intensity has to say.
  public var brightness = Brightness.ignored
  /// A voxel is bright from this share of the bright vessels' intensity on: the 95th percentile where the probability
  /// is at least `high`. In an image with saturated arteries that is a share of saturation.
  public var brightShare: Float = 0.9
  /// The probability a bright voxel must have to be added.
  public var brightProbability: Float = 0
  /// The share of a grown region that has to be vessel by itself, at least `high`, for the rest of it to be taken: of
  /// regions below only what is vessel by itself is. Arteries and sinuses are mostly certain, bright tissue of the scalp,
  /// where a few voxels look like vessel, is not. 0 = one voxel is enough.
  public var support = 0.0
  /// Nothing is vessel nearer than this to the surface of the head, in mm: vessels of the scalp are left out. Nil = no
  /// such rule. It plays no part where the background was removed from the image, since its surface is then not the skin.
  public var depth: Double?
  /// Components of fewer voxels are removed.
  public var smallestComponent = 0
  /// Which of those stay after all; nil = none.
  public var clearComponents: ClearComponents?

  /// Small components that the image itself shows to be something: pieces of thin vessels stand out from the tissue around
  /// them, what the network sees in noise does not.
  public struct ClearComponents: Codable, Sendable, Equatable {
    /// Voxels of the smallest that can stay.
    public var smallest: Int
    /// The mean contrast-to-noise ratio (`LocalTissue`) that it takes.
    public var contrast: Double

    /// Those of at least `smallest` voxels and a mean ratio of at least `contrast`.
    public init(smallest: Int, contrast: Double) { (self.smallest, self.contrast) = (smallest, contrast) }
  }

  /// All voxels of at least `high`.
  public init(high: Float?) { self.high = high }

  /// The threshold used for `probability`.
  ///
  /// Otsu's is over 256 bins, the upper class strictly above, as the published inference of DS6 has it.
  public func threshold(for probability: Volume<Float>) -> Float {
    if let high { return high }
    return probability.otsuThreshold(bins: 256)?.nextUp ?? 0.5
  }

  /// The vessels; `image` lies on the grid of `probability` and is needed for brightness and depth.
  public func callAsFunction(_ probability: Volume<Float>, image: Volume<Float>?) -> Mask {
    let high = threshold(for: probability)
    var (probability, image) = (probability, image)
    if let depth, let depths = image.flatMap({ HeadDepth.map(of: $0) }) {
      for index in depths.voxels.indices where depths.voxels[index] < Float(depth) {
        probability.setVoxel(index, 0)
        image?.setVoxel(index, -.infinity)
      }
    }
    let mask: Mask
    if brightness != .ignored, let image {
      precondition(image.shape == probability.shape, "image and probability on one grid")
      mask = certainty(probability, image, high: high).hysteresis(low: 0.5, high: 1, support: support)
    } else if lowShare < 1 {
      mask = probability.hysteresis(low: lowShare * high, high: high, support: support)
    } else {
      mask = probability.thresholded(atLeast: high)
    }
    return smallestComponent > 1 ? withoutSpecks(mask, image) : mask
  }

  private func withoutSpecks(_ mask: Mask, _ image: Volume<Float>?) -> Mask {
    guard let clearComponents, let image else {
      return mask.removingComponents(smallerThan: smallestComponent)
    }
    precondition(image.shape == mask.shape, "image and probability on one grid")
    let (components, tissue) = (mask.connectedComponents(), LocalTissue(around: mask))
    let contrasts = image.withVoxels { voxels in
      components.means(where: {
        components.sizes[$0] >= clearComponents.smallest && components.sizes[$0] < smallestComponent
      }) { tissue.contrast(of: Double(voxels[$0]), at: $0, in: voxels) }
    }
    return components.mask {
      components.sizes[$0] >= smallestComponent
        || contrasts[$0].map { $0 >= clearComponents.contrast } ?? false
    }
  }

  /// 1 where a voxel is vessel by itself, 1/2 where it is one if connected to such a voxel, else 0.
  private func certainty(_ probability: Volume<Float>, _ image: Volume<Float>, high: Float) -> Volume<Float> {
    let vessels = probability.thresholded(atLeast: high)
    let bright =
      vessels.voxels.contains(1)
      ? brightShare * image.percentiles([95], within: vessels)[0] : Float.infinity
    let low = lowShare * high
    var certainty = probability
    image.withVoxels { image in
      certainty.withMutableVoxels { values in
        for index in values.indices {
          let p = values[index]
          let isBright = image[index] >= bright && p >= brightProbability
          switch brightness {
          case .required: values[index] = isBright ? (p >= high ? 1 : 0.5) : 0
          case .added, .ignored: values[index] = p >= high ? 1 : isBright || p >= low ? 0.5 : 0
          }
        }
      }
    }
    return certainty
  }
}
