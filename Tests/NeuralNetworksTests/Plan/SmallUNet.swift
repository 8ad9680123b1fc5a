import NeuralNetworks

/// The U-Net with multi-scale supervision of DS6, as the tests of the engine use it.
func smallUNet(width: Int, levels: Int = 5, activation: Activation = .relu) -> Network {
  var net = Network(spatialAxes: 3)
  let widths = (0..<levels).map { width << $0 }
  func convolve(_ x: FeatureMap, _ channels: Int, _ conv: String, _ norm: String) -> FeatureMap {
    var map = net.convolution(x, to: channels, Convolution(kernel: 3), name: conv)
    map = net.normalisation(map, Normalisation(.batch(momentum: 0.1)), name: norm)
    return net.activation(map, activation)
  }
  func block(_ x: FeatureMap, _ channels: Int, _ name: String) -> FeatureMap {
    convolve(convolve(x, channels, "\(name).0", "\(name).1"), channels, "\(name).3", "\(name).4")
  }
  var x = net.input(channels: 1)
  var skips: [FeatureMap] = []
  for level in 0..<levels {
    if level > 0 { x = net.pooling(x, Pooling(.maximum, kernel: 2, stride: 2)) }
    x = block(x, widths[level], "enc.\(level)")
    skips.append(x)
  }
  var decoded: [FeatureMap] = []
  for step in 0..<levels - 1 {
    let level = levels - 2 - step
    x = net.upsampling(x, Upsampling(.nearest, factor: 2))
    x = convolve(x, widths[level], "up.\(step).1", "up.\(step).2")
    x = block(net.concatenation([skips[level], x]), widths[level], "dec.\(step)")
    decoded.append(x)
  }
  let heads = decoded.reversed().prefix(3).enumerated().map { index, map in
    net.convolution(map, to: 1, Convolution(kernel: 1), name: "head\(index)")
  }
  net.setOutputs(heads)
  return net
}
