import COneDNN

extension WinogradConvolution {
  func run<E: ImageScalar, F: Pointwise>(_ x: ImageView<E>, _ epilogue: ConvolutionEpilogue<E, F>) {
    let count = size.batch * strips.count
    team.forEachPart(of: count, size: max(1, min(8, count / (8 * team.threads)))) { member, part in
      let (scratch, weights) = (scratch(member), UnsafePointer(weights))
      for index in part {
        let strip = active(strips[index], epilogue.active)
        if epilogue.active != nil { clear(strips[index], without: strip.columns, epilogue) }
        guard !strip.columns.isEmpty else { continue }
        let following = index + 1 < part.upperBound ? active(strips[index + 1], epilogue.active) : strip
        let next = index + 1 < part.upperBound && !following.columns.isEmpty ? following : nil
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

  /// The strip without the columns of tiles before the first and behind the last active block.
  private func active(_ strip: WinogradStrips.Strip, _ blocks: ActiveBlocks?) -> WinogradStrips.Strip {
    guard let blocks, let scale = blocks.scale(of: size.extents) else { return strip }
    let side = WinogradTransform.outputs
    let pixels = blocks.columns(
      depth: strip.depth * side..<min(size.extents[0], (strip.depth + 1) * side),
      height: strip.rows.lowerBound * side..<min(size.extents[1], strip.rows.upperBound * side), scale: scale)
    var strip = strip
    strip.columns = (pixels.lowerBound / side..<(pixels.upperBound + side - 1) / side).clamped(
      to: strip.columns)
    return strip
  }

  /// Zeros for the tiles of a strip outside of `columns`.
  private func clear<E: ImageScalar, F>(
    _ strip: WinogradStrips.Strip, without columns: Range<Int>, _ epilogue: ConvolutionEpilogue<E, F>
  ) {
    guard columns != strip.columns, !epilogue.adding else { return }
    let kept = columns.isEmpty ? strip.columns.upperBound..<strip.columns.upperBound : columns
    func clear(_ image: ImageView<E>, _ e: SIMD3<Int>, side: Int) {
      for d in strip.depth * side..<min(e[0], (strip.depth + 1) * side) {
        for h in strip.rows.lowerBound * side..<min(e[1], strip.rows.upperBound * side) {
          let line = ((strip.sample * e[0] + d) * e[1] + h) * e[2]
          for tiles in [
            strip.columns.lowerBound..<kept.lowerBound, kept.upperBound..<strip.columns.upperBound,
          ] {
            for w in min(e[2], tiles.lowerBound * side)..<min(e[2], tiles.upperBound * side) {
              image[line + w].update(repeating: E(0), count: image.channels)
            }
          }
        }
      }
    }
    clear(epilogue.y, size.extents, side: WinogradTransform.outputs)
    if let pooled = epilogue.pooled { clear(pooled, size.extents / 2, side: WinogradTransform.outputs / 2) }
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
