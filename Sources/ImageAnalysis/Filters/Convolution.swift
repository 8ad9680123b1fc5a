/// The inner loops of separable filters: weighted sums of whole rows (passes along y and z) and along one row
/// (the pass along x). Even kernels add the two sides, odd ones subtract them.
enum Convolution {
  typealias Rows = UnsafePointer<UnsafePointer<Float>>

  /// `out = Σ w(t) (rows[+t] ± rows[−t])`; `rows` points at the centre row of 2·radius + 1.
  @inline(__always)
  static func rows(
    _ rows: Rows, _ weights: UnsafePointer<Float>, radius: Int, odd: Bool, count: Int,
    into out: UnsafeMutablePointer<Float>
  ) {
    forEachLaneOffset(count) { x in
      var sum = odd ? Float16Lanes.zero : load(rows[0], x) * weights[0]
      for t in stride(from: 1, through: radius, by: 1) {
        let (after, before) = (load(rows[t], x), load(rows[-t], x))
        sum.addProduct(odd ? after - before : after + before, Float16Lanes(repeating: weights[t]))
      }
      store(sum, out, x)
    }
  }

  /// The same rows under the kernels of order 0, 1 and 2 at once; `weights` holds the three one after the other.
  @inline(__always)
  static func rowsOfAllOrders(
    _ rows: Rows, _ weights: UnsafePointer<Float>, radius: Int, count: Int,
    into out0: UnsafeMutablePointer<Float>, _ out1: UnsafeMutablePointer<Float>,
    _ out2: UnsafeMutablePointer<Float>
  ) {
    let (first, second) = (weights + radius + 1, weights + 2 * (radius + 1))
    forEachLaneOffset(count) { x in
      let center = load(rows[0], x)
      var (sum0, sum1, sum2) = (center * weights[0], Float16Lanes.zero, center * second[0])
      for t in stride(from: 1, through: radius, by: 1) {
        let (after, before) = (load(rows[t], x), load(rows[-t], x))
        let (even, odd) = (after + before, after - before)
        sum0.addProduct(even, Float16Lanes(repeating: weights[t]))
        sum1.addProduct(odd, Float16Lanes(repeating: first[t]))
        sum2.addProduct(even, Float16Lanes(repeating: second[t]))
      }
      store(sum0, out0, x)
      store(sum1, out1, x)
      store(sum2, out2, x)
    }
  }

  /// The same rows under the kernels of order 0 and 1.
  @inline(__always)
  static func rowsOfFirstOrders(
    _ rows: Rows, _ weights: UnsafePointer<Float>, radius: Int, count: Int,
    into out0: UnsafeMutablePointer<Float>, _ out1: UnsafeMutablePointer<Float>
  ) {
    let first = weights + radius + 1
    forEachLaneOffset(count) { x in
      var (sum0, sum1) = (load(rows[0], x) * weights[0], Float16Lanes.zero)
      for t in stride(from: 1, through: radius, by: 1) {
        let (after, before) = (load(rows[t], x), load(rows[-t], x))
        sum0.addProduct(after + before, Float16Lanes(repeating: weights[t]))
        sum1.addProduct(after - before, Float16Lanes(repeating: first[t]))
      }
      store(sum0, out0, x)
      store(sum1, out1, x)
    }
  }

  /// The pass along a row that carries `radius` readable elements on either side of `line`.
  @inline(__always)
  static func line(
    _ line: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, radius: Int, odd: Bool, count: Int,
    into out: UnsafeMutablePointer<Float>
  ) {
    forEachLaneOffset(count) { x in
      var sum = odd ? Float16Lanes.zero : load(line, x) * weights[0]
      for t in stride(from: 1, through: radius, by: 1) {
        let (after, before) = (load(line, x + t), load(line, x - t))
        sum.addProduct(odd ? after - before : after + before, Float16Lanes(repeating: weights[t]))
      }
      store(sum, out, x)
    }
  }

  /// Fill the `radius` elements on either side of the `count` of `line` by reflection at the ends.
  @inline(__always)
  static func reflectEnds(_ line: UnsafeMutablePointer<Float>, count: Int, radius: Int) {
    if radius <= count {
      for t in stride(from: 0, to: radius, by: 1) {
        line[-1 - t] = line[t]
        line[count + t] = line[count - 1 - t]
      }
    } else {
      for t in 1...radius {
        line[-t] = line[GaussianKernel.reflected(-t, count)]
        line[count - 1 + t] = line[GaussianKernel.reflected(count - 1 + t, count)]
      }
    }
  }
}
