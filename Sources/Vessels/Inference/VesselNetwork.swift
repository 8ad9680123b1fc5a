import Dispatch
import Imaging
import NeuralNetworks
import Numerics

/// A vessel network compiled for windows of one shape: windows in, probabilities of one output channel out.
///
/// Used by one thread at a time.
public final class VesselNetwork {
  /// How the cores share the work.
  public enum Sharing: String, Codable, Sendable, CaseIterable {
    /// All cores work on one window: least memory.
    case withinWindow = "within-window"
    /// Each core has windows of its own: nobody waits for anybody within a window.
    case betweenWindows = "between-windows"
  }

  /// The shape of a window.
  public let window: VoxelShape
  /// The number of windows taken at once.
  public var batch: Int { plans.count }
  /// What activations are stored as.
  public var precision: Plan.Precision { plans[0].precision }
  /// Bytes of all plans.
  public var memoryBytes: Int { plans.reduce(0) { $0 + $1.memoryBytes } }
  private let plans: [Plan]

  /// Compile `design` with `weights` for windows of shape `window`, sides divisible by the design's divisor.
  public init(
    _ design: UNet3D, weights: Weights, window: VoxelShape, precision: Plan.Precision,
    sharing: Sharing = .withinWindow
  ) throws(NeuralNetworkError) {
    self.window = window
    var design = design
    // The coarse outputs serve training only.
    let network: Network
    let parameters: Weights
    if design.supervision == .none {
      (network, parameters) = (design.network(), weights)
    } else {
      design.supervision = .none
      network = design.network()
      parameters = try weights.subset(for: network.table)
    }
    let threads = Parallel.threads
    let copies = sharing == .betweenWindows ? threads : 1
    plans = try Parallel.withThreads(copies > 1 ? 1 : threads) { () throws(NeuralNetworkError) in
      var plans: [Plan] = []
      for _ in 0..<copies {
        let plan = try network.compile(
          inputShape: [1, 1, window.z, window.y, window.x], mode: .inference, precision: precision)
        try plan.load(parameters)
        plans.append(plan)
      }
      return plans
    }
  }

  /// Run the network on `batch` windows and write the logits or probabilities of output `channel`.
  ///
  /// - Parameter signal: Parts of a window where no voxels reach this value (``ActiveBlocks``) are left out and get 0; nil =
  ///   none.
  public func run(
    _ input: UnsafeBufferPointer<Float>, channel: Int, probabilities: Bool = true, signal: Float? = nil,
    into output: UnsafeMutableBufferPointer<Float>
  ) throws {
    let size = window.count
    precondition(input.count == size * batch && output.count == size * batch, "\(batch) windows")
    if batch == 1 {
      let active = Self.active(input, window, signal)
      try plans[0].forward(input, active: active)
      Self.copy(
        plans[0].outputs[0].values, channel: channel, probabilities: probabilities, into: output,
        parallel: true)
      active?.fill(inactive: output, with: 0)
      return
    }
    // Every plan is used by one thread, which writes its own part of the output and its own place for an error.
    nonisolated(unsafe) let (plans, input, output) = (plans, input, output)
    let window = window
    let errors = [NeuralNetworkError?](unsafeUninitializedCapacity: batch) { errors, count in
      nonisolated(unsafe) let errors = errors
      count = plans.count
      DispatchQueue.concurrentPerform(iterations: plans.count) { index in
        let part = index * size..<(index + 1) * size
        do throws(NeuralNetworkError) {
          let own = UnsafeBufferPointer(rebasing: input[part])
          let active = Self.active(own, window, signal)
          try plans[index].forward(own, active: active)
          Self.copy(
            plans[index].outputs[0].values, channel: channel, probabilities: probabilities,
            into: UnsafeMutableBufferPointer(rebasing: output[part]), parallel: false)
          active?.fill(inactive: UnsafeMutableBufferPointer(rebasing: output[part]), with: 0)
          errors.initializeElement(at: index, to: nil)
        } catch { errors.initializeElement(at: index, to: error) }
      }
    }
    if let error = errors.compactMap({ $0 }).first { throw error }
  }

  private static func active(
    _ image: UnsafeBufferPointer<Float>, _ window: VoxelShape, _ signal: Float?
  ) -> ActiveBlocks? {
    signal.map { ActiveBlocks(of: image, extents: SIMD3(window.z, window.y, window.x), threshold: $0) }
  }

  private static func copy(
    _ logits: UnsafeMutableBufferPointer<Float>, channel: Int, probabilities: Bool,
    into output: UnsafeMutableBufferPointer<Float>, parallel: Bool
  ) {
    let size = output.count
    // Each thread writes its own voxels.
    nonisolated(unsafe) let (source, target) = (
      UnsafeMutableRawPointer(logits.baseAddress! + channel * size),
      UnsafeMutableRawPointer(output.baseAddress!)
    )
    // Sides are multiples of 16, so there is no rest.
    @Sendable func convert(_ slab: Range<Int>) {
      for block in slab {
        let x = source.loadUnaligned(fromByteOffset: 64 * block, as: SIMD16<Float>.self)
        target.storeBytes(
          of: probabilities ? sigmoid(x) : x, toByteOffset: 64 * block, as: SIMD16<Float>.self)
      }
    }
    let blocks = 0..<size / 16
    parallel ? Parallel.forEachSlab(of: blocks, convert) : convert(blocks)
  }
}
