import Foundation
import ImageAnalysis
import Imaging
import NeuralNetworks
import Numerics
import Testing
import Vessels

private func normals(_ count: Int, _ purpose: String, scale: Float = 1.5) -> [Float] {
  var stream = RandomStream(seed: 77, purpose: purpose)
  return (0..<count).map { _ in scale * stream.normal() }
}

private func labels(_ count: Int, _ purpose: String) -> [Float] {
  var stream = RandomStream(seed: 78, purpose: purpose)
  return (0..<count).map { _ in stream.chance(0.2) ? 1 : 0 }
}

/// The slope of `loss` at `point` along `direction` by central differences.
private func slope(_ point: [Float], _ direction: [Float], _ loss: ([Float]) -> Double) -> Double {
  let step: Float = 0.01
  let ahead = zip(point, direction).map { $0 + step * $1 }
  let behind = zip(point, direction).map { $0 - step * $1 }
  return (loss(ahead) - loss(behind)) / Double(2 * step)
}

private func dot(_ a: [Float], _ b: [Float]) -> Double {
  zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
}

@Suite("Multi-scale loss")
struct MultiScaleLossTests {
  @Test(
    "Coarse scales equal the focal Tversky loss of their nearest-neighbour up-sampling, with its gradient")
  func upsampling() {
    let (fine, coarse) = ([2, 1, 8, 8, 8], [2, 1, 4, 4, 4])
    let label = labels(1024, "label")
    let logits = normals(128, "logits")
    let pyramid = LabelPyramid(label: label, shape: fine, levels: 3)
    #expect(pyramid.shapes[1] == coarse && pyramid.voxelsPerEntry(2) == 64)
    var gradient = [Float](repeating: 0, count: 128)
    let value = logits.withUnsafeBufferPointer { logits in
      gradient.withUnsafeMutableBufferPointer {
        MultiScaleLoss.ds6.evaluate(level: 1, logits: logits, labels: pyramid, gradient: $0)
      }
    }
    func source(_ index: Int) -> Int {
      let (i, j, k, n) = (index % 8, index / 8 % 8, index / 64 % 8, index / 512)
      return ((n * 4 + k / 2) * 4 + j / 2) * 4 + i / 2
    }
    let upsampled = (0..<1024).map { logits[source($0)] }
    let expected = FocalTverskyLoss(on: .logits)(upsampled, target: label, shape: fine)
    #expect(abs(value - expected.value) < 1e-6)
    var collected = [Float](repeating: 0, count: 128)
    for index in 0..<1024 { collected[source(index)] += expected.gradient[index] }
    #expect(zip(gradient, collected).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test("The three scales are weighted 1, 0.66 and 0.34, non-cubic patches allowed")
  func weights() {
    let shape = [1, 1, 4, 8, 12]
    let pyramid = LabelPyramid(label: labels(384, "weights"), shape: shape, levels: 3)
    var logits = [384, 48, 6].map { normals($0, "level \($0)") }
    var gradients = logits.map { [Float](repeating: 0, count: $0.count) }
    func buffers(_ arrays: inout [[Float]]) -> [UnsafeMutableBufferPointer<Float>] {
      arrays.map { array in
        let copy = UnsafeMutableBufferPointer<Float>.allocate(capacity: array.count)
        _ = copy.initialize(from: array)
        return copy
      }
    }
    let (inputs, outputs) = (buffers(&logits), buffers(&gradients))
    defer { (inputs + outputs).forEach { $0.deallocate() } }
    let total = MultiScaleLoss.ds6.evaluate(
      logits: inputs.map { UnsafeBufferPointer($0) }, labels: pyramid, gradients: outputs)
    var expected = 0.0
    for (level, weight) in [1, 0.66, 0.34].enumerated() {
      var alone = [Float](repeating: 0, count: logits[level].count)
      let value = alone.withUnsafeMutableBufferPointer {
        MultiScaleLoss.ds6.evaluate(
          level: level, logits: UnsafeBufferPointer(inputs[level]), labels: pyramid, gradient: $0)
      }
      expected += weight * value
      #expect(zip(outputs[level], alone).allSatisfy { abs($0 - Float(weight) * $1) < 1e-7 })
    }
    #expect(abs(total - expected) < 1e-12)
  }
}

@Suite("MIP loss")
struct MIPLossTests {
  static let shape = [2, 1, 6, 8, 10]
  static let variants = [
    MIPLoss(axes: [.z]), MIPLoss(axes: [.y]), MIPLoss(axes: [.x]), MIPLoss(axes: [.x, .y, .z]),
  ]

  private func evaluate(
    _ loss: MIPLoss, _ logits: [Float], _ targets: [[Float]], shape: [Int] = MIPLossTests.shape
  ) -> (value: Double, gradient: [Float]) {
    var gradient = [Float](repeating: 0, count: logits.count)
    let value = logits.withUnsafeBufferPointer { logits in
      gradient.withUnsafeMutableBufferPointer {
        loss.evaluate(logits: logits, targets: targets, shape: shape, weight: 1, addingTo: $0)
      }
    }
    return (value, gradient)
  }

  @Test("Zero for a prediction that equals the label, on every axis", arguments: variants)
  func perfect(loss: MIPLoss) {
    let label = labels(960, "mip")
    let targets = loss.targets(labels: label, shape: Self.shape)
    #expect(evaluate(loss, label.map { $0 == 1 ? 30 : -30 }, targets).value < 1e-6)
    #expect(evaluate(loss, label.map { _ in -30 }, targets).value > 0.5)
  }

  @Test("The gradient is that of finite differences and reaches one voxel of each ray", arguments: variants)
  func gradient(loss: MIPLoss) {
    let logits = normals(960, "mip logits")
    let targets = loss.targets(labels: labels(960, "mip label"), shape: Self.shape)
    let result = evaluate(loss, logits, targets)
    // Along the gradient's own voxels, where no other voxel of a ray is close enough to overtake.
    let direction = result.gradient.map { $0 == 0 ? 0 : Float($0 > 0 ? 1 : -1) }
    let expected = slope(logits, direction) { evaluate(loss, $0, targets).value }
    #expect(abs(dot(result.gradient, direction) - expected) < 0.02 * abs(expected))
    let rays = loss.axes.map { [MIPLoss.Axis.z: 160, .y: 120, .x: 96][$0] ?? 0 }.reduce(0, +)
    #expect(result.gradient.filter { $0 != 0 }.count <= rays)
  }

  @Test("Of equal voxels the first takes the whole gradient")
  func ties() {
    let loss = MIPLoss(axes: [.z])
    let shape = [1, 1, 3, 1, 2]
    let result = evaluate(loss, [0, 1, 0, 1, 0, 1], [[1, 0]], shape: shape)
    #expect(result.gradient[0] < 0 && result.gradient[1] > 0)
    #expect(result.gradient[2...].allSatisfy { $0 == 0 })
  }

  @Test("Coarse outputs equal the loss of their nearest-neighbour up-sampling")
  func coarse() {
    let loss = MIPLoss(axes: [.x, .y, .z])
    let (fine, coarse) = ([1, 1, 4, 6, 8], [1, 1, 2, 3, 4])
    let targets = loss.targets(labels: labels(192, "coarse"), shape: fine)
    let logits = normals(24, "coarse logits")
    let upsampled = (0..<192).map { index -> Float in
      let (i, j, k) = (index % 8, index / 8 % 6, index / 48)
      return logits[(k / 2 * 3 + j / 2) * 4 + i / 2]
    }
    let (a, b) = (
      evaluate(loss, logits, targets, shape: coarse), evaluate(loss, upsampled, targets, shape: fine)
    )
    #expect(abs(a.value - b.value) < 1e-6)
  }

  @Test("Summed axes give the number of axes times their mean")
  func sum() {
    var loss = MIPLoss(axes: [.x, .y, .z])
    let logits = normals(960, "sum")
    let targets = loss.targets(labels: labels(960, "sum label"), shape: Self.shape)
    let mean = evaluate(loss, logits, targets).value
    loss.sumsAxes = true
    #expect(abs(evaluate(loss, logits, targets).value - 3 * mean) < 1e-9)
  }
}

@Suite("Deformation consistency")
struct DeformationConsistencyLossTests {
  static let shape = VoxelShape(12, 10, 9)
  static let warps: [LinearWarp] = (0..<2).map { index in
    var stream = RandomStream(seed: 5, purpose: "consistency", indices: index)
    let deformation = RandomElasticDeformation(knotSpacing: 2, maximumDisplacement: 0.8)
      .draw(shape: shape, using: &stream)
    return LinearWarp(deformation.displacementField())
  }

  private func evaluate(
    _ loss: DeformationConsistencyLoss, _ plain: [Float], _ deformed: [Float],
    warps: [LinearWarp] = DeformationConsistencyLossTests.warps
  ) -> (value: Double, plain: [Float], deformed: [Float]) {
    var (a, b) = (plain.map { _ in Float(0) }, plain.map { _ in Float(0) })
    let value = plain.withUnsafeBufferPointer { plain in
      deformed.withUnsafeBufferPointer { deformed in
        a.withUnsafeMutableBufferPointer { a in
          b.withUnsafeMutableBufferPointer { b in
            loss.evaluate(logits: plain, deformed: deformed, warps: warps, weight: 1, addingTo: a, b)
          }
        }
      }
    }
    return (value, a, b)
  }

  @Test(
    "Zero with no gradient for equal probability maps",
    arguments: [DeformationConsistencyLoss.Distance.squaredDice, .meanSquare])
  func equal(distance: DeformationConsistencyLoss.Distance) {
    let logits = normals(Self.shape.count, "equal")
    let identity = LinearWarp(.zero(Self.shape))
    let result = evaluate(.init(distance: distance), logits, logits, warps: [identity])
    #expect(result.value == 0)
    #expect(result.plain.allSatisfy { $0 == 0 } && result.deformed.allSatisfy { $0 == 0 })
  }

  @Test(
    "Both gradients are those of finite differences", arguments: DeformationConsistencyLoss.Distance.allCases)
  func gradients(distance: DeformationConsistencyLoss.Distance) {
    let loss = DeformationConsistencyLoss(distance: distance)
    let count = 2 * Self.shape.count
    let (plain, deformed) = (normals(count, "plain"), normals(count, "deformed"))
    let result = evaluate(loss, plain, deformed)
    for (index, gradient) in [result.plain, result.deformed].enumerated() {
      // A direction that agrees with the gradient, so that the slope is not lost in rounding.
      let random = normals(count, "direction", scale: 1)
      let direction = zip(random, gradient).map { $1 > 0 ? abs($0) : -abs($0) }
      let expected = slope(index == 0 ? plain : deformed, direction) {
        evaluate(loss, index == 0 ? $0 : plain, index == 1 ? $0 : deformed).value
      }
      #expect(expected != 0 && abs(dot(gradient, direction) - expected) < 0.01 * abs(expected))
    }
  }

  @Test("Stopped, the plain branch gets nothing and the deformed branch the same")
  func stopped() {
    let count = 2 * Self.shape.count
    let (plain, deformed) = (normals(count, "plain"), normals(count, "deformed"))
    let open = evaluate(.init(), plain, deformed)
    let stopped = evaluate(.init(stopsGradient: true), plain, deformed)
    #expect(stopped.plain.allSatisfy { $0 == 0 } && stopped.deformed == open.deformed)
    #expect(stopped.value == open.value)
  }

  @Test("The legacy distance has the paper's code's fault: consistency scores 1.014, grey everywhere 0.04")
  func legacy() {
    let shape = VoxelShape(100, 100, 10)
    let logits = (0..<shape.count).map { $0 % 50 == 0 ? Float(5) : -5 }
    let identity = [LinearWarp(.zero(shape))]
    let loss = DeformationConsistencyLoss(distance: .legacyDS6)
    #expect(abs(evaluate(loss, logits, logits, warps: identity).value - 1.0148) < 1e-3)
    let grey = logits.map { _ in Float(log(0.65 / 0.35)) }
    #expect(abs(evaluate(loss, logits, grey, warps: identity).value - 0.041) < 1e-3)
  }
}
