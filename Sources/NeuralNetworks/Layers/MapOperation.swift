/// The images that an operation from one map to another works on, all of one precision.
struct MapImages {
  var input: PlanImage
  var output: PlanImage
  /// Where the gradient of the output arrives, and where that of the input goes; nil where none is wanted.
  var outputGradient: PlanImage?
  var inputGradient: GradientTarget?
  var bfloat16: Bool
}

/// What operations from one map to another share.
class MapOperation: Operation {
  let images: MapImages
  var input: PlanImage { images.input }
  var output: PlanImage { images.output }
  var outputGradient: PlanImage? { images.outputGradient }
  var inputGradient: GradientTarget? { images.inputGradient }
  var bfloat16: Bool { images.bfloat16 }
  /// A gradient arrives and one is wanted.
  var propagates: Bool { outputGradient != nil && inputGradient != nil }

  init(_ images: MapImages, name: String, arena: Arena, team: Team) {
    self.images = images
    super.init(name: name, arena: arena, team: team)
    forwardBuffers = [images.input.buffer, images.output.buffer]
    if let arrived = images.outputGradient, let target = images.inputGradient {
      backwardBuffers = [arrived.buffer, target.image.buffer]
    }
  }

  /// Keep `buffer` in both passes.
  func use(_ buffer: Int) {
    forwardBuffers.insert(buffer)
    if propagates { backwardBuffers.insert(buffer) }
  }
}
