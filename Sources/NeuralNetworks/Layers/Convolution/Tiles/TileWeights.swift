import COneDNN

/// The weights of a convolution as tiles: 16 pairs of input channels by 16 output channels, in one, two or three terms.
struct TileWeights {
  /// Where a tap's weights lie: tile of its column, and the half of that tile for taps that share one.
  private struct Place {
    var tile: Int
    var half: Int
  }

  let geometry: TileGeometry
  /// Output channels of the tiles are input channels of the kernel, as data gradients want it.
  let exchanged: Bool
  /// The kernel is 3³ behind nearest ×2 up-sampling, and expands to 4³.
  let expands: Bool
  private let places: [Place]
  /// Tiles whose second half no tap fills.
  private let halves: [Int]

  init(_ geometry: TileGeometry, exchanged: Bool) {
    self.geometry = geometry
    self.exchanged = exchanged
    expands = geometry.kind != .same
    var places = [Place](repeating: Place(tile: 0, half: 0), count: geometry.taps)
    var halves: [Int] = []
    for (column, taps) in geometry.columns.joined().map(\.taps).enumerated() {
      let tile = column * geometry.inputBlocks * geometry.terms
      for (half, tap) in taps.enumerated() { places[tap] = Place(tile: tile, half: half) }
      if geometry.inputs == 16 && taps.count == 1 { halves.append(tile) }
    }
    self.places = places
    self.halves = halves
  }

  var bytes: Int { geometry.outputBlocks * geometry.tilesPerBlock * 1024 }

  /// From `out × in × 3³`.
  func pack(_ weights: UnsafePointer<Float>, to tiles: UnsafeMutableRawPointer, team: Team) {
    let (inputs, outputs) = (geometry.inputs, geometry.outputs)
    // Distances of the tiles' input and output channels in the parameters.
    let step = exchanged ? outputs * 27 : 27
    let distance = exchanged ? 27 : inputs * 27
    let parts = inputs / 16
    team.forEachSlab(of: geometry.outputBlocks * parts) { _, slab in
      withUnsafeTemporaryAllocation(of: SIMD16<Float>.self, capacity: 2 * PackedWeights.expansion) { buffer in
        guard let first = buffer.baseAddress else { return }
        let second = first + PackedWeights.expansion
        for unit in slab {
          let (block, part) = (unit / parts, unit % parts)
          let target = tiles + block * geometry.tilesPerBlock * 1024 + (part / 2) * geometry.terms * 1024
          for pair in 0..<8 {
            let source = weights + block * 16 * distance + (part * 16 + 2 * pair) * step
            let a = gather(source, distance, first)
            let b = gather(source + step, distance, second)
            let row = 64 * (pair + 8 * (part & 1))
            for tap in 0..<geometry.taps {
              let place = places[tap]
              write(a[tap], b[tap], to: target + place.tile * 1024 + row + 512 * place.half)
            }
          }
          for tile in halves {
            for term in 0..<geometry.terms {
              (target + (tile + term) * 1024 + 512).initializeMemory(as: UInt8.self, repeating: 0, count: 512)
            }
          }
        }
      }
    }
  }

  /// The taps of 16 output channels.
  private func gather(
    _ source: UnsafePointer<Float>, _ distance: Int, _ buffer: UnsafeMutablePointer<SIMD16<Float>>
  ) -> UnsafePointer<SIMD16<Float>> {
    let mirrored = exchanged && !expands
    for tap in 0..<27 { buffer[mirrored ? 26 - tap : tap] = nn_gather16(source + tap, distance) }
    return UnsafePointer(expands ? PackedWeights.expand(buffer) : buffer)
  }

  /// One row of a tile: pairs of input channels for 16 output channels; its terms lie in tiles that follow each other.
  @inline(__always)
  private func write(_ a: SIMD16<Float>, _ b: SIMD16<Float>, to row: UnsafeMutableRawPointer) {
    var (a, b) = (a, b)
    for term in 0..<geometry.terms {
      let (x, y) = (nn_upper_halves(a), nn_upper_halves(b))
      let words = nn_pairs(x, y)
      row.storeBytes(of: words, toByteOffset: 1024 * term, as: SIMD16<UInt32>.self)
      if term + 1 < geometry.terms {
        a -= x
        b -= y
      }
    }
  }
}
