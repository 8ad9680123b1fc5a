import COneDNN

extension WinogradConvolution {
  func run<E: ImageScalar, F: Pointwise>(_ x: ImageView<E>, _ epilogue: ConvolutionEpilogue<E, F>) {
    let count = size.batch * strips.count
    team.forEachPart(of: count, size: max(1, min(8, count / (8 * team.threads)))) { member, part in
      let (scratch, weights) = (scratch(member), UnsafePointer(weights))
      for index in part {
        let strip = strips[index]
        let next = index + 1 < part.upperBound ? strips[index + 1] : nil
        for (turn, products) in WinogradTransform.inputPairs.enumerated() {
          combine(x, strip, turn, to: scratch.combined)
          for (half, product) in products.enumerated() {
            transform(scratch.combined + half * combinedCount, strip, to: scratch.inputs)
            let plane = 2 * turn + half
            multiply(
              scratch, strip, weights, depthProduct: product, fetch(inputs: x, of: next, plane: plane),
              fetch(outputs: epilogue.y, of: strip, plane: plane))
          }
        }
        for block in 0..<size.outputs / 16 {
          finish(
            scratch.sums + block * WinogradTransform.products * sumDistance, strip, block: block, epilogue)
        }
      }
    }
  }

  /// The products of a strip's tiles, summed over channels: block of outputs, product, tile, output. Meanwhile planes are
  /// fetched.
  private func multiply(
    _ scratch: Scratch, _ strip: WinogradStrips.Strip, _ weights: UnsafePointer<Float>, depthProduct: Int,
    _ inputs: PlaneFetch?, _ outputs: PlaneFetch?
  ) {
    let (parts, tiles) = (size.outputs / 16, strip.count)
    var (inputs, outputs) = (inputs, outputs)
    for planeProduct in 0..<WinogradTransform.planeProducts {
      inputs?.advance()
      outputs?.advance()
      let product = depthProduct * WinogradTransform.planeProducts + planeProduct
      for part in 0..<parts {
        ChannelProducts.sum(
          scratch.inputs + planeProduct * inputDistance, pixels: tiles, block: strips.places * 16,
          blocks: size.blocks, weights + (product * parts + part) * size.inputs * 16,
          to: scratch.sums + (part * WinogradTransform.products + product) * sumDistance)
      }
    }
  }
}
