import Foundation
import NeuralNetworks

/// A network evaluated layer by layer in double precision, straight from the definitions: what plans are tested against.
struct ReferenceInterpreter {
  let network: Network
  let isTraining: Bool
  let batch: Int
  let parameters: [[Double]]

  struct Map {
    var channels: Int
    var extents: [Int]
    var values: [Double]
    var pixels: Int { extents.reduce(1, *) }
    func at(_ n: Int, _ c: Int, _ p: Int) -> Double { values[(n * channels + c) * pixels + p] }
  }

  init(_ network: Network, batch: Int, isTraining: Bool, values: [Double]) {
    self.network = network
    self.isTraining = isTraining
    self.batch = batch
    parameters = network.parameters.map { parameter in
      network.table.range(of: parameter.name).map { Array(values[$0]) } ?? []
    }
  }

  /// The outputs for an input N C and spatial axes.
  func callAsFunction(_ input: [Double], extents: [Int]) -> [[Double]] {
    var maps: [Map] = []
    for node in network.nodes {
      let x = node.inputs.map { maps[$0] }
      func parameter(_ role: String) -> [Double]? { node.parameters[role].map { parameters[$0] } }
      switch node.layer {
      case .input: maps.append(Map(channels: node.channels, extents: deep(extents), values: input))
      case .convolution(let g):
        maps.append(convolve(x[0], node.channels, g, parameter("weight"), parameter("bias")))
      case .transposedConvolution(let g):
        maps.append(transposed(x[0], node.channels, g, parameter("weight"), parameter("bias")))
      case .dense:
        maps.append(
          convolve(x[0], node.channels, Convolution(kernel: 1), parameter("weight"), parameter("bias")))
      case .pooling(let p): maps.append(pool(x[0], p))
      case .globalAveragePooling:
        maps.append(
          make(x[0].channels, [1, 1, 1]) { n, c, _ in
            (0..<x[0].pixels).reduce(0) { $0 + x[0].at(n, c, $1) } / Double(x[0].pixels)
          })
      case .upsampling(let u): maps.append(upsample(x[0], u))
      case .normalisation(let n):
        maps.append(
          normalise(
            x[0], n, parameter("weight") ?? [], parameter("bias") ?? [], parameter("running_mean"),
            parameter("running_var")))
      case .activation(let a):
        var map = x[0]
        map.values = map.values.map { activate($0, a) }
        maps.append(map)
      case .dropout, .stochasticDepth: maps.append(x[0])
      case .concatenation:
        maps.append(
          make(node.channels, x[0].extents) { n, c, p in
            var channel = c
            for part in x {
              if channel < part.channels { return part.at(n, channel, p) }
              channel -= part.channels
            }
            return .nan
          })
      case .addition:
        maps.append(make(node.channels, x[0].extents) { n, c, p in x[0].at(n, c, p) + x[1].at(n, c, p) })
      case .multiplication:
        maps.append(
          make(node.channels, x[0].extents) { n, c, p in
            x[0].at(n, c, p) * x[1].at(n, x[1].channels == 1 ? 0 : c, x[1].pixels == 1 ? 0 : p)
          })
      case .softmax:
        maps.append(
          make(node.channels, x[0].extents) { n, c, p in
            exp(x[0].at(n, c, p)) / (0..<node.channels).reduce(0) { $0 + exp(x[0].at(n, $1, p)) }
          })
      }
    }
    return network.outputs.map { maps[$0.node].values }
  }

  private func deep(_ extents: [Int]) -> [Int] { extents.count == 3 ? extents : [1] + extents }

  private func make(_ channels: Int, _ extents: [Int], _ value: (Int, Int, Int) -> Double) -> Map {
    let pixels = extents.reduce(1, *)
    var map = Map(channels: channels, extents: extents, values: [])
    map.values.reserveCapacity(batch * channels * pixels)
    for n in 0..<batch { for c in 0..<channels { for p in 0..<pixels { map.values.append(value(n, c, p)) } } }
    return map
  }

  private func perAxis(_ value: Int, flat: Int) -> [Int] {
    [network.spatialAxes == 3 ? value : flat, value, value]
  }

  /// Calls `body` with each tap's index, and the input position it meets at output position `p`.
  private func forEachTap(
    _ p: [Int], _ kernel: [Int], _ stride: [Int], _ padding: [Int], _ dilation: Int, _ extents: [Int],
    _ body: (_ tap: Int, _ position: Int) -> Void
  ) {
    for tap in 0..<kernel.reduce(1, *) {
      let t = position(tap, kernel)
      let q = (0..<3).map { p[$0] * stride[$0] - padding[$0] + t[$0] * dilation }
      if (0..<3).allSatisfy({ q[$0] >= 0 && q[$0] < extents[$0] }) {
        body(tap, (q[0] * extents[1] + q[1]) * extents[2] + q[2])
      }
    }
  }

  private func position(_ index: Int, _ extents: [Int]) -> [Int] {
    [index / (extents[1] * extents[2]), index / extents[2] % extents[1], index % extents[2]]
  }

  private func convolve(_ x: Map, _ outputs: Int, _ g: Convolution, _ w: [Double]?, _ b: [Double]?) -> Map {
    let (kernel, stride) = (perAxis(g.kernel, flat: 1), perAxis(g.stride, flat: 1))
    let padding = perAxis(g.padding, flat: 0)
    let extents = (0..<3).map { (axis: Int) -> Int in
      let room: Int = x.extents[axis] + 2 * padding[axis] - (kernel[axis] - 1) * g.dilation - 1
      return room / stride[axis] + 1
    }
    let (inputs, taps) = (x.channels / g.groups, kernel.reduce(1, *))
    return make(outputs, extents) { n, o, p in
      var sum = b?[o] ?? 0
      let first = o / (outputs / g.groups) * inputs
      forEachTap(position(p, extents), kernel, stride, padding, g.dilation, x.extents) { tap, q in
        for i in 0..<inputs { sum += (w?[(o * inputs + i) * taps + tap] ?? .nan) * x.at(n, first + i, q) }
      }
      return sum
    }
  }

  private func transposed(_ x: Map, _ outputs: Int, _ g: Convolution, _ w: [Double]?, _ b: [Double]?) -> Map {
    let (kernel, stride) = (perAxis(g.kernel, flat: 1), perAxis(g.stride, flat: 1))
    let padding = perAxis(g.padding, flat: 0)
    let extents = (0..<3).map { (axis: Int) -> Int in
      let span: Int = (x.extents[axis] - 1) * stride[axis] - 2 * padding[axis]
      return span + (kernel[axis] - 1) * g.dilation + 1
    }
    let (perGroup, taps) = (outputs / g.groups, kernel.reduce(1, *))
    var map = make(outputs, extents) { _, o, _ in b?[o] ?? 0 }
    for n in 0..<batch {
      for i in 0..<x.channels {
        let first = i / (x.channels / g.groups) * perGroup
        for p in 0..<x.pixels {
          forEachTap(position(p, x.extents), kernel, stride, padding, g.dilation, extents) { tap, q in
            for o in 0..<perGroup {
              map.values[(n * outputs + first + o) * map.pixels + q] +=
                (w?[(i * perGroup + o) * taps + tap] ?? .nan) * x.at(n, i, p)
            }
          }
        }
      }
    }
    return map
  }

  private func pool(_ x: Map, _ p: Pooling) -> Map {
    let (kernel, stride) = (perAxis(p.kernel, flat: 1), perAxis(p.stride, flat: 1))
    let padding = perAxis(p.padding, flat: 0)
    let extents = (0..<3).map { (axis: Int) -> Int in
      let room: Int = x.extents[axis] + 2 * padding[axis] - kernel[axis]
      return room / stride[axis] + 1
    }
    return make(x.channels, extents) { n, c, place in
      var (largest, sum, count) = (-Double.infinity, 0.0, 0)
      forEachTap(position(place, extents), kernel, stride, padding, 1, x.extents) { _, q in
        largest = max(largest, x.at(n, c, q))
        sum += x.at(n, c, q)
        count += 1
      }
      return p.kind == .maximum ? largest : sum / Double(count)
    }
  }

  private func upsample(_ x: Map, _ u: Upsampling) -> Map {
    let factor = perAxis(u.factor, flat: 1)
    let extents = (0..<3).map { x.extents[$0] * factor[$0] }
    return make(x.channels, extents) { n, c, p in
      let place = position(p, extents)
      if u.kind == .nearest {
        let q = (0..<3).map { place[$0] / factor[$0] }
        return x.at(n, c, (q[0] * x.extents[1] + q[1]) * x.extents[2] + q[2])
      }
      var sum = 0.0
      for corner in 0..<8 {
        var (weight, q) = (1.0, [0, 0, 0])
        for axis in 0..<3 {
          let real = max(0, (Double(place[axis]) + 0.5) / Double(factor[axis]) - 0.5)
          let floor = min(Int(real), x.extents[axis] - 1)
          let isSecond = corner >> axis & 1 == 1
          q[axis] = min(isSecond ? floor + 1 : floor, x.extents[axis] - 1)
          weight *= isSecond ? real - Double(floor) : 1 - (real - Double(floor))
        }
        sum += weight * x.at(n, c, (q[0] * x.extents[1] + q[1]) * x.extents[2] + q[2])
      }
      return sum
    }
  }

  private func normalise(
    _ x: Map, _ layer: Normalisation, _ gamma: [Double], _ beta: [Double], _ mean: [Double]?,
    _ variance: [Double]?
  ) -> Map {
    func moments(_ samples: [Int], _ channels: [Int]) -> (Double, Double) {
      let values = samples.flatMap { n in channels.flatMap { c in (0..<x.pixels).map { x.at(n, c, $0) } } }
      let mean = values.reduce(0, +) / Double(values.count)
      return (mean, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count))
    }
    var table: [[(Double, Double)]] = []
    for n in 0..<batch {
      table.append(
        (0..<x.channels).map { c in
          switch layer.kind {
          case .batch:
            return isTraining
              ? (n == 0 ? moments(Array(0..<batch), [c]) : table[0][c]) : (mean?[c] ?? 0, variance?[c] ?? 1)
          case .instance: return moments([n], [c])
          case .group(let count):
            let size = x.channels / count
            return moments([n], Array(c / size * size..<(c / size + 1) * size))
          }
        })
    }
    return make(x.channels, x.extents) { n, c, p in
      let (mean, variance) = table[n][c]
      return (x.at(n, c, p) - mean) / (variance + Double(layer.epsilon)).squareRoot() * gamma[c] + beta[c]
    }
  }

  private func activate(_ x: Double, _ activation: Activation) -> Double {
    switch activation {
    case .relu: max(x, 0)
    case .leakyReLU(let slope): x > 0 ? x : Double(slope) * x
    case .relu6: min(max(x, 0), 6)
    case .silu: x / (1 + exp(-x))
    case .sigmoid: 1 / (1 + exp(-x))
    }
  }
}
