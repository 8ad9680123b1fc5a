import ImageAnalysis
import Imaging
import NeuralNetworks
import Numerics

/// Whole-volume inference with a vessel network: how a volume is cut into windows and how the results become one map.
///
/// The answer lies on the volume's grid, whatever its size. Parts without signal (air) are left out.
public struct VesselSegmentation: Codable, Sendable, Equatable {
  /// How windows cover a volume.
  public enum Mode: String, Codable, Sendable, CaseIterable {
    /// Large tiles, as large as the memory allows, whose border of `halo` voxels is computed and thrown away.
    case tiles
    /// Overlapping windows blended with Gaussian weights.
    case windows
  }

  /// How windows cover the volume.
  public var mode = Mode.tiles
  /// The side of a window, halo included, divisible by 16; nil = 64 for windows, and the best that memory allows for tiles.
  public var patch: Int?
  /// The share of a window's side that overlaps its neighbour; for windows.
  public var overlap = 0.5
  /// The voxels around a tile that are thrown away.
  public var halo = 24
  /// What activations are stored as.
  public var precision = Plan.Precision.automatic
  /// Mirrored copies whose results are averaged.
  public var mirroring = WindowMirroring.none
  /// How the cores share the work.
  public var sharing = VesselNetwork.Sharing.withinWindow
  /// How far before the volume's first voxel the first window begins: the result should hardly depend on it.
  public var offset = VoxelShape(0, 0, 0)
  /// The most memory for the network, in bytes; an exact arrangement takes what it needs.
  public var memoryBytes = 1 << 30
  /// Volumes whose voxels are longer than wide by more than this factor are segmented on cubic voxels; infinite = never.
  public var anisotropyLimit = 1.5
  /// Parts where the volume, scaled for the network, stays below this are left out; nil = none.
  public var signal: Float? = 0.12
  /// An exact arrangement of windows instead of what `mode`, `patch`, `overlap`, `halo` and `offset` say.
  public var arrangement: SlidingWindow?

  /// Tiles at the precision of this machine.
  public init() {}

  /// The published inference of DS6 and SPOCKMIP, for their weights as `DS6Weights` reads them, in this package's order of
  /// axes: no part left out, no resampling.
  public static var published: VesselSegmentation {
    var published = VesselSegmentation()
    var windows = SlidingWindow.published
    windows.swapsInPlaneAxes = false
    published.arrangement = windows
    published.signal = nil
    published.anisotropyLimit = .infinity
    return published
  }

  /// What was done.
  public struct Outcome: Sendable {
    /// The probability of a vessel, on the volume's grid.
    public let probability: Volume<Float>
    /// What activations were stored as.
    public let precision: Plan.Precision
    /// The shape of a window.
    public let window: VoxelShape
    /// The number of windows computed, and of those left out as they hold no signal.
    public let windows: (computed: Int, empty: Int)
    /// Bytes of the network's plans; 0 where there was nothing to compute.
    public let memoryBytes: Int
  }

  /// The probabilities of `channel` of `model` for `volume`, in any unit.
  ///
  /// - Parameter progress: Told the share done after each window; may throw to stop.
  /// - Throws: ``VesselSegmentationError/memory(window:neededBytes:allowedBytes:)`` where no window keeps to `memoryBytes`;
  ///   `NeuralNetworkError` where the network cannot be compiled or does not fit into the machine's memory.
  public func callAsFunction(
    _ volume: Volume<Float>, model: VesselModel, channel: Int, progress: (Double) throws -> Void = { _ in }
  ) throws -> Outcome {
    precondition(model.outputs.indices.contains(channel), "a channel of the model")
    let scaled = model.normalization(volume)
    let spacing = scaled.grid.spacing
    guard spacing.max() > anisotropyLimit * spacing.min() else {
      return try segment(scaled, model, channel, progress)
    }
    let outcome = try segment(scaled.withCubicVoxels(), model, channel, progress)
    return Outcome(
      probability: outcome.probability.resampled(to: volume.grid, interpolation: .linear),
      precision: outcome.precision, window: outcome.window, windows: outcome.windows,
      memoryBytes: outcome.memoryBytes)
  }

  private func segment(
    _ volume: Volume<Float>, _ model: VesselModel, _ channel: Int, _ progress: (Double) throws -> Void
  ) throws -> Outcome {
    let map = SignalMap(volume, threshold: signal ?? -.infinity)
    var probability = Volume<Float>(grid: volume.grid, filledWith: 0)
    guard let box = map.box else {
      return Outcome(
        probability: probability, precision: precision, window: VoxelShape(0, 0, 0), windows: (0, 0),
        memoryBytes: 0)
    }
    let inner = box.shape == volume.shape ? volume : volume.cropped(to: box)
    let network = try compiled(for: inner.shape, model)
    let sliding = arrangement ?? windows(network.window)
    let passes = mirroring.passes
    var (computed, empty) = (0, 0)
    let result = try sliding.run(
      on: inner, batch: network.batch,
      isEmpty: { window in
        let hasSignal = map.hasSignal(in: window, of: box)
        if hasSignal { computed += 1 } else { empty += 1 }
        return !hasSignal
      }, progress: progress
    ) { input, output in
      try network.run(input, channel: channel, passes: passes, signal: signal, into: output)
    }
    probability.replace(box, by: result)
    return Outcome(
      probability: probability, precision: network.precision, window: network.window,
      windows: (computed, empty), memoryBytes: network.memoryBytes)
  }

  /// The arrangement of windows of shape `patch`.
  private func windows(_ patch: VoxelShape) -> SlidingWindow {
    var windows: SlidingWindow =
      mode == .tiles ? .tiles(patch: patch, halo: halo) : .windows(patch: patch, overlap: overlap)
    windows.offset = offset
    return windows
  }

  /// The network for windows over a volume of `extent`: of all shapes that keep to the memory the one with the least to
  /// compute.
  private func compiled(for extent: VoxelShape, _ model: VesselModel) throws -> VesselNetwork {
    let divisor = model.design.divisor
    func network(_ window: VoxelShape) throws -> VesselNetwork {
      try VesselNetwork(
        model.design, weights: model.weights, window: window, precision: precision, sharing: sharing)
    }
    func kept(_ network: VesselNetwork) throws -> VesselNetwork {
      guard network.memoryBytes <= memoryBytes else {
        throw VesselSegmentationError.memory(
          window: network.window, neededBytes: network.memoryBytes, allowedBytes: memoryBytes)
      }
      return network
    }
    if let arrangement { return try network(arrangement.patch) }
    if let side = patch ?? (mode == .windows ? 64 : nil) {
      let side = (side + divisor - 1) / divisor * divisor
      return try kept(network(VoxelShape(side, side, side)))
    }
    // An estimate first: the maps of the finest level, two of them concatenated, and the image.
    let isNarrow = precision == .bf16 || precision == .automatic
    let scalar = isNarrow && KernelLibrary.hasBFloat16 ? 2.0 : 4.0
    let copies = sharing == .betweenWindows ? Double(Parallel.threads) : 1
    var perVoxel = copies * (3.2 * Double(model.design.width) * scalar + 16)
    let available = Double(memoryBytes) - copies * Double(8 * model.weights.values.count)
    var limit = Int(max(0, available) / perVoxel)
    while true {
      let layout = TileLayout(extent: extent.shifted(by: offset), halo: halo, divisor: divisor, limit: limit)
      let candidate = try network(layout.tile)
      if candidate.memoryBytes <= memoryBytes || layout.tile.count > limit { return try kept(candidate) }
      // The estimate was too low: use what this shape needed.
      perVoxel = Double(candidate.memoryBytes) / Double(layout.tile.count)
      limit = min(layout.tile.count - 1, Int(Double(memoryBytes) / perVoxel))
    }
  }
}

/// Why a volume cannot be segmented as asked.
public enum VesselSegmentationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The smallest window possible, or the one asked for, needs more memory than allowed.
  case memory(window: VoxelShape, neededBytes: Int, allowedBytes: Int)

  /// One line: what is wrong, found against allowed, what to do.
  public var description: String {
    switch self {
    case .memory(let window, let needed, let allowed):
      "windows of \(window.x)×\(window.y)×\(window.z) voxels need \((needed >> 20) + 1) MiB for the network, \(allowed >> 20) "
        + "are allowed: allow more memory, or take a smaller window or halo."
    }
  }
}

extension VesselNetwork {
  /// The mean probability over mirrored `passes`.
  func run(
    _ input: UnsafeBufferPointer<Float>, channel: Int, passes: [[Int]], signal: Float?,
    into output: UnsafeMutableBufferPointer<Float>
  ) throws {
    guard passes != [[]] else { return try run(input, channel: channel, signal: signal, into: output) }
    let mirrored = UnsafeMutableBufferPointer<Float>.allocate(capacity: input.count)
    let result = UnsafeMutableBufferPointer<Float>.allocate(capacity: input.count)
    mirrored.initialize(repeating: 0)
    result.initialize(repeating: 0)
    output.update(repeating: 0)
    defer {
      mirrored.deallocate()
      result.deallocate()
    }
    func reverse(_ values: UnsafeMutableBufferPointer<Float>, _ axes: [Int]) {
      guard let base = values.baseAddress else { return }
      for axis in axes {
        for slot in 0..<batch {
          WindowMirroring.reverse(base + slot * window.count, shape: window, axis: axis)
        }
      }
    }
    let share = 1 / Float(passes.count)
    for axes in passes {
      _ = mirrored.update(from: input)
      reverse(mirrored, axes)
      try run(UnsafeBufferPointer(mirrored), channel: channel, signal: signal, into: result)
      reverse(result, axes)
      for index in output.indices { output[index] += share * result[index] }
    }
  }
}

extension VoxelShape {
  /// The shape of a volume that begins earlier by `offset`.
  fileprivate func shifted(by offset: VoxelShape) -> VoxelShape {
    VoxelShape(x + offset.x, y + offset.y, z + offset.z)
  }
}

extension Volume where Scalar == Float {
  /// The image on cubic voxels as long as its shortest side.
  func withCubicVoxels() -> Volume<Float> {
    let own = grid.spacing
    let side = own.min()
    var (cubes, steps) = (shape, SIMD3<Double>.one)
    for axis in 0..<3 where own[axis] > side * 1.01 {
      let count = max(1, Int((Double(shape[axis]) * own[axis] / side).rounded()))
      steps[axis] = Double(shape[axis]) / Double(count)
      cubes[axis] = count
    }
    // The new voxels cover the same extent as the old ones.
    let affine = grid.affine * Affine(spacing: steps, origin: 0.5 * steps - 0.5)
    return resampled(to: VoxelGrid(shape: cubes, affine: affine), interpolation: .linear)
  }

  /// Replace the voxels inside `box` by those of `part`.
  mutating func replace(_ box: VoxelBox, by part: Volume<Float>) {
    let (whole, inner) = (shape, part.shape)
    withMutableVoxels { target in
      part.withVoxels { source in
        guard let target = target.baseAddress, let source = source.baseAddress else { return }
        for k in 0..<inner.z {
          for j in 0..<inner.y {
            (target + whole.index(box.x.lowerBound, box.y.lowerBound + j, box.z.lowerBound + k))
              .update(from: source + inner.index(0, j, k), count: inner.x)
          }
        }
      }
    }
  }
}
