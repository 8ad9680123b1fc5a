/// A map times a gate: per value, per sample and channel (squeeze-and-excitation), or per pixel (attention).
final class GateOperation: Operation {
  enum Kind { case values, channels, pixels }

  let kind: Kind
  let map: PlanImage
  let gate: PlanImage
  let output: PlanImage
  let outputGradient: PlanImage?
  let mapGradient: GradientTarget?
  let gateGradient: GradientTarget?
  let bfloat16: Bool
  private let sumsBuffer: Int

  init(
    name: String, map: PlanImage, gate: PlanImage, output: PlanImage, outputGradient: PlanImage?,
    mapGradient: GradientTarget?, gateGradient: GradientTarget?, bfloat16: Bool, arena: Arena, team: Team
  ) {
    if gate.channels == map.channels && gate.extents == map.extents {
      kind = .values
    } else {
      kind = gate.pixels == 1 ? .channels : .pixels
    }
    self.map = map
    self.gate = gate
    self.output = output
    self.outputGradient = outputGradient
    self.mapGradient = mapGradient
    self.gateGradient = gateGradient
    self.bfloat16 = bfloat16
    sumsBuffer = arena.request(bytes: 8 * team.threads * map.channels)
    super.init(name: name, arena: arena, team: team)
    forwardBuffers = [map.buffer, gate.buffer, output.buffer]
    if let outputGradient {
      backwardBuffers = [map.buffer, gate.buffer, outputGradient.buffer, sumsBuffer]
      backwardBuffers.formUnion([mapGradient, gateGradient].compactMap { $0?.image.buffer })
    }
  }

  override func forward(_ run: Execution) {
    bfloat16 ? forward(BFloat16.self) : forward(Float.self)
  }

  override func backward(_ run: Execution) {
    bfloat16 ? backward(BFloat16.self) : backward(Float.self)
  }

  private func forward<E: ImageScalar>(_ type: E.Type) {
    gated(view(map, as: type), to: view(output, as: type), adding: false, type)
  }

  /// y = x · gate.
  private func gated<E: ImageScalar>(_ x: ImageView<E>, to y: ImageView<E>, adding: Bool, _ type: E.Type) {
    let g = view(gate, as: type)
    switch kind {
    case .values:
      team.forEachSlab(of: x.rows, grain: 256) { _, rows in
        ElementwiseKernels.multiply(x, g, rows: rows, to: y, adding: adding)
      }
    case .pixels:
      team.forEachSlab(of: x.rows, grain: 256) { _, rows in
        ElementwiseKernels.scalePixels(x, gate: g, rows: rows, to: y, adding: adding)
      }
    case .channels:
      for sample in 0..<map.batch {
        team.forEachSlab(of: x.pixels, grain: 256) { _, rows in
          ElementwiseKernels.scaleChannels(
            x, gate: g[sample], rows: rows.shifted(by: sample * x.pixels), to: y, adding: adding)
        }
      }
    }
  }

  private func backward<E: ImageScalar>(_ type: E.Type) {
    guard let outputGradient else { return }
    let (x, dy) = (view(map, as: type), view(outputGradient, as: type))
    if let target = mapGradient { gated(dy, to: view(target.image, as: type), adding: target.adding, type) }
    guard let target = gateGradient else { return }
    let dg = view(target.image, as: type)
    switch kind {
    case .values:
      team.forEachSlab(of: x.rows, grain: 256) { _, rows in
        ElementwiseKernels.multiply(x, dy, rows: rows, to: dg, adding: target.adding)
      }
    case .pixels:
      team.forEachSlab(of: x.rows, grain: 256) { _, rows in
        ElementwiseKernels.pixelProducts(x, dy, rows: rows, to: dg, adding: target.adding)
      }
    case .channels:
      let sums = UnsafeMutableRawPointer(floats(sumsBuffer)).assumingMemoryBound(to: Double.self)
      for sample in 0..<map.batch {
        sums.update(repeating: 0, count: team.threads * x.channels)
        team.forEachSlab(of: x.pixels, grain: 256) { member, rows in
          ElementwiseKernels.channelProducts(
            x, dy, rows: rows.shifted(by: sample * x.pixels), into: sums + member * x.channels)
        }
        for c in 0..<x.channels {
          var sum = target.adding ? Double(dg[sample][c].float) : 0
          for member in 0..<team.threads { sum += sums[member * x.channels + c] }
          dg[sample][c] = E(Float(sum))
        }
      }
    }
  }
}
