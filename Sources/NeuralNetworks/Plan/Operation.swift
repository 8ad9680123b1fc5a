import Numerics

/// What one call of a plan works on.
struct Execution {
  /// The flat parameters.
  let weights: UnsafeMutablePointer<Float>
  /// The flat gradient; nil in a forward pass.
  var gradient: UnsafeMutablePointer<Float>?
  /// Whether gradients of parameters are added to what is there.
  var isAccumulating = false
  /// Random numbers of this forward pass (dropout).
  var noise: RandomStream?
  /// Where outputs are wanted; nil = everywhere.
  var active: ActiveBlocks?
}

/// One step of a plan: a layer or several fused ones. Made at compile time, bound to addresses once, then run.
class Operation {
  let name: String
  /// Buffers read or written by the forward and by the backward step, besides those of `bind`.
  var forwardBuffers: Set<Int> = []
  var backwardBuffers: Set<Int> = []
  /// The arena and team of the plan; set before `bind`.
  unowned let arena: Arena
  let team: Team
  /// Time of the passes since they were set to zero.
  var forwardTime = Duration.zero
  var backwardTime = Duration.zero

  init(name: String, arena: Arena, team: Team) {
    self.name = name
    self.arena = arena
    self.team = team
  }

  /// Buffers that keep their contents between runs of an inference plan.
  var persistentBuffers: Set<Int> { [] }
  /// Set up what needs addresses.
  func bind() throws(NeuralNetworkError) {}
  /// Take over parameters that stay the same between runs (inference).
  func load(_ weights: UnsafeMutablePointer<Float>) throws(NeuralNetworkError) {}
  func forward(_ run: Execution) throws(NeuralNetworkError) {}
  func backward(_ run: Execution) throws(NeuralNetworkError) {}

  func address(_ image: PlanImage) -> UnsafeMutableRawPointer {
    arena.address(image.buffer)
  }

  func view<E: ImageScalar>(_ image: PlanImage, as type: E.Type) -> ImageView<E> {
    ImageView(
      base: address(image).assumingMemoryBound(to: E.self) + image.firstChannel, stride: image.pixelStride,
      channels: image.channels, rows: image.rows, pixels: image.pixels)
  }

  func floats(_ buffer: Int) -> UnsafeMutablePointer<Float> {
    arena.floats(buffer)
  }
}

/// The gradient of an operation's input: where it goes, and whether something is there already.
struct GradientTarget {
  var image: PlanImage
  var adding: Bool
}
