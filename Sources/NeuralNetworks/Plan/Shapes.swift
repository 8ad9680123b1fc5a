/// The shape of every map of a network for one input shape.
struct Shapes {
  /// Depth, height, width per node; depth 1 where the network has two spatial axes.
  private(set) var extents: [SIMD3<Int>] = []
  let batch: Int

  init(_ network: Network, inputShape: [Int]) throws(NeuralNetworkError) {
    let axes = network.spatialAxes
    guard inputShape.count == axes + 2, inputShape.allSatisfy({ $0 > 0 && $0 < 1 << 24 }) else {
      throw .shape(
        layer: "input", reason: "shape \(inputShape) is not N C and \(axes) spatial extents above zero")
    }
    batch = inputShape[0]
    let divisor = Shapes.divisor(network)
    for (index, node) in network.nodes.enumerated() {
      let inputs = node.inputs.map { extents[$0] }
      let name = node.name
      switch node.layer {
      case .input:
        guard inputShape[1] == node.channels else {
          throw .shape(layer: "input", reason: "\(node.channels) channels expected, \(inputShape[1]) found")
        }
        extents.append(
          axes == 3 ? [inputShape[2], inputShape[3], inputShape[4]] : [1, inputShape[2], inputShape[3]])
      case .convolution(let g):
        let reach = (g.kernel - 1) * g.dilation + 1
        extents.append(
          try windowed(inputs[0], axes, reach, g.stride, g.padding, "convolution \(name)"))
      case .transposedConvolution(let g):
        extents.append(
          Shapes.map(inputs[0], axes) {
            ($0 - 1) * g.stride - 2 * g.padding + (g.kernel - 1) * g.dilation + 1
          })
      case .pooling(let p):
        extents.append(try windowed(inputs[0], axes, p.kernel, p.stride, p.padding, "pooling"))
      case .globalAveragePooling: extents.append([1, 1, 1])
      case .dense:
        guard inputs[0] == [1, 1, 1] else {
          throw .shape(
            layer: "dense layer \(name)",
            reason: "needs spatial extents of 1, found \(describe(inputs[0], axes)): pool first")
        }
        extents.append([1, 1, 1])
      case .upsampling(let u): extents.append(Shapes.map(inputs[0], axes) { $0 * u.factor })
      case .concatenation, .addition:
        for other in inputs.dropFirst() where other != inputs[0] {
          throw .shape(
            layer: node.name,
            reason: "maps of \(describe(inputs[0], axes)) and \(describe(other, axes)) do not fit together: "
              + "take an input whose sides are divisible by \(divisor)")
        }
        extents.append(inputs[0])
      case .multiplication:
        guard
          inputs[1] == inputs[0] || (inputs[1] == [1, 1, 1] && node.channels == gateChannels(network, index))
        else {
          throw .shape(
            layer: "multiplication",
            reason:
              "a gate of \(describe(inputs[1], axes)) does not fit a map of \(describe(inputs[0], axes)): "
              + "take an input whose sides are divisible by \(divisor)")
        }
        extents.append(inputs[0])
      case .normalisation, .activation, .dropout, .stochasticDepth, .softmax: extents.append(inputs[0])
      }
    }
  }

  /// N C and the spatial extents of a map.
  func shape(_ node: Int, _ network: Network) -> [Int] {
    let e = extents[node]
    return [batch, network.nodes[node].channels]
      + (network.spatialAxes == 3 ? [e[0], e[1], e[2]] : [e[1], e[2]])
  }

  private func gateChannels(_ network: Network, _ node: Int) -> Int {
    network.nodes[network.nodes[node].inputs[1]].channels
  }

  private func windowed(
    _ extents: SIMD3<Int>, _ axes: Int, _ reach: Int, _ stride: Int, _ padding: Int, _ layer: String
  ) throws(NeuralNetworkError) -> SIMD3<Int> {
    let result = Shapes.map(extents, axes) {
      ($0 + 2 * padding - reach) >= 0 ? ($0 + 2 * padding - reach) / stride + 1 : 0
    }
    guard result.min() > 0 else {
      throw .shape(
        layer: layer,
        reason: "a window of \(reach) does not fit a map of \(describe(extents, axes)): take a larger input")
    }
    return result
  }

  private static func map(_ extents: SIMD3<Int>, _ axes: Int, _ change: (Int) -> Int) -> SIMD3<Int> {
    [axes == 3 ? change(extents[0]) : 1, change(extents[1]), change(extents[2])]
  }

  private func describe(_ e: SIMD3<Int>, _ axes: Int) -> String {
    axes == 3 ? "\(e[0])×\(e[1])×\(e[2])" : "\(e[1])×\(e[2])"
  }

  /// The product of the steps on the way to the coarsest map.
  private static func divisor(_ network: Network) -> Int {
    var reduction: [Int] = []
    for node in network.nodes {
      let before = node.inputs.map { reduction[$0] }.max() ?? 1
      switch node.layer {
      case .convolution(let g): reduction.append(before * g.stride)
      case .pooling(let p): reduction.append(before * p.stride)
      case .upsampling(let u): reduction.append(max(1, before / u.factor))
      case .transposedConvolution(let g): reduction.append(max(1, before / g.stride))
      default: reduction.append(before)
      }
    }
    return reduction.max() ?? 1
  }
}
