import Numerics

/// Maximum-intensity projections of a tensor N 1 D H W along one axis, with where each maximum came from.
struct Projection: Sendable {
  let shape: [Int]
  let axis: MIPLoss.Axis

  /// The extents of one projection, slower axis first.
  var extents: (rows: Int, columns: Int) {
    switch axis {
    case .z: (shape[3], shape[4])
    case .y: (shape[2], shape[4])
    case .x: (shape[2], shape[3])
    }
  }

  /// The number of pixels of one projection.
  var pixels: Int { extents.rows * extents.columns }

  /// The shape of one projection as a tensor.
  var imageShape: [Int] { [1, 1, extents.rows, extents.columns] }

  /// The maximum along each ray and its position in memory; of equal ones the first.
  func maxima(of values: UnsafeBufferPointer<Float>) -> (values: [Float], positions: [Int32]) {
    let (length, columns) = (shape[axis.rawValue], extents.columns)
    let columnStride = axis == .x ? shape[4] : 1
    let rayStride = shape[(axis.rawValue + 1)...].reduce(1, *)
    let rowStride = axis == .z ? shape[4] : shape[3] * shape[4]
    let volume = shape[2] * shape[3] * shape[4]
    let rows = shape[0] * extents.rows
    precondition(values.count == shape[0] * volume && values.count <= Int(Int32.max))
    var best = [Float](repeating: -.infinity, count: rows * columns)
    var positions = [Int32](repeating: 0, count: rows * columns)
    best.withUnsafeMutableBufferPointer { best in
      positions.withUnsafeMutableBufferPointer { positions in
        // Each row of pixels is written by one thread only.
        nonisolated(unsafe) let (best, positions) = (best.baseAddress!, positions.baseAddress!)
        nonisolated(unsafe) let values = values.baseAddress!
        let rowsInImage = extents.rows
        Parallel.forEachSlab(of: 0..<rows) { slab in
          for row in slab {
            let start = row / rowsInImage * volume + row % rowsInImage * rowStride
            for pixel in row * columns..<(row + 1) * columns {
              positions[pixel] = Int32(start + (pixel - row * columns) * columnStride)
            }
            for step in 0..<length {
              let ray = start + step * rayStride
              for column in 0..<columns {
                let position = ray + column * columnStride
                let pixel = row * columns + column
                if values[position] > best[pixel] {
                  best[pixel] = values[position]
                  positions[pixel] = Int32(position)
                }
              }
            }
          }
        }
      }
    }
    return (best, positions)
  }

  /// Full-resolution projections as means over the pixels that one pixel of this projection stands for, and their number.
  func pooled(_ target: [Float]) -> (values: [Float], pixelsPerEntry: Double) {
    let count = shape[0] * pixels
    if target.count == count { return (target, 1) }
    let ratio = Int((Double(target.count) / Double(count)).squareRoot().rounded())
    precondition(count * ratio * ratio == target.count, "targets of \(target.count) pixels for \(count)")
    let (rows, columns) = extents
    var result = [Float](repeating: 0, count: count)
    for pixel in 0..<count {
      let (image, place) = (pixel / pixels, pixel % pixels)
      let (row, column) = (place / columns, place % columns)
      var sum: Float = 0
      for r in 0..<ratio {
        let start = ((image * rows + row) * ratio + r) * columns * ratio + column * ratio
        for c in 0..<ratio { sum += target[start + c] }
      }
      result[pixel] = sum / Float(ratio * ratio)
    }
    return (result, Double(ratio * ratio))
  }
}
