import NeuralNetworks
import Testing

/// A layer in a small network: a convolution before it, so that its input has a gradient to pass on, and often one after.
struct OperationCase: CustomTestStringConvertible, Sendable {
  let name: String
  let axes: Int
  var batch = 2
  var inputChannels: Int
  var extents: [Int]
  let build: @Sendable (inout Network, FeatureMap) -> [FeatureMap]

  var testDescription: String { name }
  var inputShape: [Int] { [batch, inputChannels] + extents }

  var network: Network {
    var net = Network(spatialAxes: axes)
    let x = net.input(channels: inputChannels)
    net.setOutputs(build(&net, x))
    return net
  }

  init(
    _ name: String, axes: Int = 3, channels: Int = 3, extents: [Int]? = nil,
    _ build: @escaping @Sendable (inout Network, FeatureMap) -> [FeatureMap]
  ) {
    self.name = name
    self.axes = axes
    inputChannels = channels
    self.extents = extents ?? (axes == 3 ? [4, 6, 8] : [8, 10])
    self.build = build
  }

  /// The layer behind a 1ⁿ convolution to `channels` channels.
  static func behind(
    _ name: String, axes: Int = 3, channels: Int = 24, extents: [Int]? = nil,
    _ layer: @escaping @Sendable (inout Network, FeatureMap) -> FeatureMap
  ) -> OperationCase {
    OperationCase(name, axes: axes, extents: extents) { net, x in
      let stem = net.convolution(x, to: channels, Convolution(kernel: 1), name: "stem")
      return [layer(&net, stem)]
    }
  }

  static let all: [OperationCase] = convolutions + windows + normalisations + pointwise + joins

  static let convolutions: [OperationCase] = [
    .behind("3³ convolution") { $0.convolution($1, to: 16, Convolution(kernel: 3), name: "c") },
    .behind("3³ convolution to 5 channels") { $0.convolution($1, to: 5, Convolution(kernel: 3), name: "c") },
    .behind("strided convolution") {
      $0.convolution($1, to: 16, Convolution(kernel: 3, stride: 2), name: "c")
    },
    .behind("dilated convolution") {
      $0.convolution($1, to: 16, Convolution(kernel: 3, dilation: 2), name: "c")
    },
    .behind("grouped convolution") {
      $0.convolution($1, to: 16, Convolution(kernel: 3, groups: 2), name: "c")
    },
    .behind("depthwise 3² convolution", axes: 2) {
      $0.convolution($1, to: 24, Convolution(kernel: 3, groups: 24, bias: false), name: "c")
    },
    .behind("depthwise strided 5² convolution", axes: 2) {
      $0.convolution($1, to: 24, Convolution(kernel: 5, stride: 2, groups: 24), name: "c")
    },
    .behind("depthwise 5² convolution of 2×3 pixels, 20 channels", axes: 2, channels: 20, extents: [2, 3]) {
      $0.convolution($1, to: 20, Convolution(kernel: 5, groups: 20, bias: false), name: "c")
    },
    .behind("depthwise strided 3² convolution of 7×6 pixels", axes: 2, extents: [7, 6]) {
      $0.convolution($1, to: 24, Convolution(kernel: 3, stride: 2, groups: 24), name: "c")
    },
    .behind("depthwise dilated convolution", axes: 2) {
      $0.convolution($1, to: 24, Convolution(kernel: 3, dilation: 2, groups: 24), name: "c")
    },
    .behind("1¹ head", channels: 16) { $0.convolution($1, to: 1, Convolution(kernel: 1), name: "c") },
    .behind("convolution from one channel", channels: 1) {
      $0.convolution($1, to: 16, Convolution(kernel: 3), name: "c")
    },
    OperationCase("3³ convolution of the input's one channel", channels: 1) { net, x in
      let c = net.convolution(x, to: 16, Convolution(kernel: 3), name: "c")
      return [net.activation(net.normalisation(c, Normalisation(.batch(momentum: 0.1)), name: "n"), .relu)]
    },
    .behind("transposed convolution") {
      $0.transposedConvolution($1, to: 16, Convolution(kernel: 2, stride: 2, padding: 0), name: "c")
    },
    .behind("transposed 4² convolution", axes: 2) {
      $0.transposedConvolution($1, to: 8, Convolution(kernel: 4, stride: 2, padding: 1), name: "c")
    },
    .behind("nearest ×2 and 3³ convolution") { net, x in
      let up = net.upsampling(x, Upsampling(.nearest, factor: 2))
      return net.convolution(up, to: 16, Convolution(kernel: 3), name: "c")
    },
    .behind("3³ convolution, 16 to 32 channels", channels: 16) {
      $0.convolution($1, to: 32, Convolution(kernel: 3), name: "c")
    },
    .behind("nearest ×2 and 3³ convolution, 32 to 16 channels", channels: 32) { net, x in
      let up = net.upsampling(x, Upsampling(.nearest, factor: 2))
      return net.convolution(up, to: 16, Convolution(kernel: 3), name: "c")
    },
    .behind("nearest ×2 and 3² convolution", axes: 2) { net, x in
      let up = net.upsampling(x, Upsampling(.nearest, factor: 2))
      return net.convolution(up, to: 7, Convolution(kernel: 3), name: "c")
    },
    .behind("convolution and ReLU") { net, x in
      net.activation(net.convolution(x, to: 16, Convolution(kernel: 3), name: "c"), .relu)
    },
    .behind("dense", axes: 2) { net, x in net.dense(net.globalAveragePooling(x), to: 10, name: "d") },
  ]

  static let windows: [OperationCase] = [
    .behind("maximum of 2³") { $0.pooling($1, Pooling(.maximum, kernel: 2, stride: 2)) },
    .behind("maximum of 2³, odd extents", extents: [5, 7, 3]) {
      $0.pooling($1, Pooling(.maximum, kernel: 2, stride: 2))
    },
    .behind("maximum of overlapping 3²", axes: 2) {
      $0.pooling($1, Pooling(.maximum, kernel: 3, stride: 2, padding: 1))
    },
    .behind("average of 2³") { $0.pooling($1, Pooling(.average, kernel: 2, stride: 2)) },
    .behind("average of overlapping 3², padded", axes: 2) {
      $0.pooling($1, Pooling(.average, kernel: 3, stride: 1, padding: 1))
    },
    .behind("global average") { $0.globalAveragePooling($1) },
    .behind("nearest ×3") { $0.upsampling($1, Upsampling(.nearest, factor: 3)) },
    .behind("trilinear ×2") { $0.upsampling($1, Upsampling(.linear, factor: 2)) },
    .behind("bilinear ×4", axes: 2) { $0.upsampling($1, Upsampling(.linear, factor: 4)) },
  ]

  static let normalisations: [OperationCase] = [
    .behind("batch normalisation and ReLU") { net, x in
      net.activation(net.normalisation(x, Normalisation(.batch(momentum: 0.1)), name: "n"), .relu)
    },
    .behind("batch normalisation and LeakyReLU, 5 channels", channels: 5) { net, x in
      let n = net.normalisation(x, Normalisation(.batch(momentum: 0.1)), name: "n")
      return net.activation(n, .leakyReLU(slope: 0.01))
    },
    .behind("batch normalisation and SiLU", axes: 2) { net, x in
      net.activation(net.normalisation(x, Normalisation(.batch(momentum: 0.1)), name: "n"), .silu)
    },
    .behind("batch normalisation of one channel", channels: 1) {
      $0.normalisation($1, Normalisation(.batch(momentum: 0.1)), name: "n")
    },
    .behind("batch normalisation behind pooling") { net, x in
      let pooled = net.pooling(x, Pooling(.average, kernel: 2, stride: 2))
      return net.normalisation(pooled, Normalisation(.batch(momentum: 0.1)), name: "n")
    },
    .behind("instance normalisation") { $0.normalisation($1, Normalisation(.instance), name: "n") },
    .behind("group normalisation and SiLU") { net, x in
      net.activation(net.normalisation(x, Normalisation(.group(count: 3)), name: "n"), .silu)
    },
    .behind("transposed convolution, batch normalisation, ReLU") { net, x in
      let up = net.transposedConvolution(x, to: 16, Convolution(kernel: 2, stride: 2, padding: 0), name: "c")
      return net.activation(net.normalisation(up, Normalisation(.batch(momentum: 0.1)), name: "n"), .relu)
    },
    .behind("grouped transposed convolution, batch normalisation") { net, x in
      let g = Convolution(kernel: 2, stride: 2, padding: 0, groups: 2)
      let up = net.transposedConvolution(x, to: 16, g, name: "c")
      return net.normalisation(up, Normalisation(.batch(momentum: 0.1)), name: "n")
    },
  ]

  static let pointwise: [OperationCase] = [
    .behind("ReLU6 of large values", axes: 2) { net, x in
      let normal = net.normalisation(x, Normalisation(.batch(momentum: 0.1)), name: "n")
      // Eight times normal values: some beyond each end.
      let twice = net.addition(normal, normal)
      let fourfold = net.addition(twice, twice)
      return net.activation(net.addition(fourfold, fourfold), .relu6)
    },
    .behind("convolution and ReLU6", axes: 2) {
      $0.activation($0.convolution($1, to: 16, Convolution(kernel: 3), name: "c"), .relu6)
    },
    .behind("batch normalisation and ReLU6", axes: 2) {
      $0.activation($0.normalisation($1, Normalisation(.batch(momentum: 0.1)), name: "n"), .relu6)
    },
    .behind("ReLU") { $0.activation($1, .relu) },
    .behind("LeakyReLU") { $0.activation($1, .leakyReLU(slope: 0.1)) },
    .behind("SiLU, 5 channels", channels: 5) { $0.activation($1, .silu) },
    .behind("sigmoid") { $0.activation($1, .sigmoid) },
    .behind("softmax", channels: 7) { $0.softmax($1) },
  ]

  static let joins: [OperationCase] = [
    OperationCase("concatenation of a normalisation, a convolution and the input") { net, x in
      let a = net.convolution(x, to: 16, Convolution(kernel: 1), name: "a")
      let n = net.normalisation(a, Normalisation(.instance), name: "n")
      let b = net.convolution(x, to: 5, Convolution(kernel: 1), name: "b")
      let joined = net.concatenation([n, b, x])
      let pooled = net.pooling(n, Pooling(.maximum, kernel: 2, stride: 2))
      return [net.convolution(joined, to: 8, Convolution(kernel: 3), name: "c"), pooled]
    },
    OperationCase("addition of a map to what was made of it") { net, x in
      let a = net.convolution(x, to: 16, Convolution(kernel: 1), name: "a")
      let b = net.convolution(a, to: 16, Convolution(kernel: 3), name: "b")
      return [net.addition(a, b)]
    },
    OperationCase("a gate per channel", axes: 2) { net, x in
      let a = net.convolution(x, to: 24, Convolution(kernel: 1), name: "a")
      let squeezed = net.convolution(net.globalAveragePooling(a), to: 24, Convolution(kernel: 1), name: "s")
      return [net.multiplication(a, by: net.activation(squeezed, .sigmoid))]
    },
    OperationCase("a gate per position") { net, x in
      let a = net.convolution(x, to: 24, Convolution(kernel: 1), name: "a")
      let gate = net.activation(net.convolution(x, to: 1, Convolution(kernel: 1), name: "g"), .sigmoid)
      return [net.multiplication(a, by: gate)]
    },
    OperationCase("a gate per value") { net, x in
      let a = net.convolution(x, to: 16, Convolution(kernel: 1), name: "a")
      let b = net.convolution(x, to: 16, Convolution(kernel: 1), name: "b")
      return [net.multiplication(a, by: b)]
    },
  ]
}
