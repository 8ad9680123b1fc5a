import Imaging
import Numerics

/// The topology of a mask in three numbers.
///
/// The mask is the union of closed cubes, one a voxel: foreground is 26-connected, background 6-connected, and
/// everything beyond the image is background. By the Euler-Poincaré formula χ = β0 − β1 + β2, so β1 follows from the
/// Euler characteristic, which is a sum over 2×2×2 blocks.
public struct BettiNumbers: Sendable, Hashable, Codable {
  /// Connected components.
  public let components: Int
  /// Tunnels: 1 for a ring, 2 for a figure of eight.
  public let tunnels: Int
  /// Closed cavities: 1 for a hollow ball.
  public let cavities: Int

  /// The Euler characteristic, components − tunnels + cavities.
  public var eulerCharacteristic: Int { components - tunnels + cavities }

  /// The numbers of the voxels of `mask` that are not 0.
  public init(of mask: Mask) {
    components = mask.connectedComponents(.twentySix).count
    cavities = mask.cavities().count
    tunnels = components + cavities - Neighborhood.eulerCharacteristic(of: mask)
  }
}

extension Volume where Scalar == UInt8 {
  /// The mask with closed cavities (background that no path over faces leads out of the image) set to 1.
  public func fillingHoles() -> Mask {
    let (components, closed) = backgroundComponents()
    var filled = self
    let holes = components.mask { closed[$0] }
    filled.withMutableVoxels { voxels in
      holes.withVoxels { holes in
        for position in voxels.indices where holes[position] != 0 { voxels[position] = 1 }
      }
    }
    return filled
  }

  /// The numbers of the background components that are cavities.
  fileprivate func cavities() -> [Int] {
    let closed = backgroundComponents().closed
    return closed.indices.filter { closed[$0] }
  }

  private func backgroundComponents() -> (components: ConnectedComponents, closed: [Bool]) {
    let background = ConnectedComponents(ofBackgroundOf: self, connectivity: .six)
    var closed = [Bool](repeating: true, count: background.count)
    for (run, component) in zip(background.runs, background.componentOfRun) {
      let (x, rest) = (run.start % shape.x, run.start / shape.x)
      let (y, z) = (rest % shape.y, rest / shape.y)
      let isOutside =
        x == 0 || x + run.length == shape.x || y == 0 || y == shape.y - 1 || z == 0 || z == shape.z - 1
      if isOutside { closed[Int(component)] = false }
    }
    return (background, closed)
  }
}

extension Neighborhood {
  /// The Euler characteristic of the union of the mask's closed cubes.
  static func eulerCharacteristic(of mask: Mask) -> Int {
    let shape = mask.shape
    guard shape.count > 0 else { return 0 }
    let empty = [UInt8](repeating: 0, count: shape.x)
    let sum = mask.withVoxels { voxels in
      empty.withUnsafeBufferPointer { empty in
        eulerOfBlock.withUnsafeBufferPointer { table in
          nonisolated(unsafe) let (voxels, empty, table) = (
            voxels.baseAddress!, empty.baseAddress!, table.baseAddress!
          )
          // Corners of voxels: one more than voxels along each axis.
          let sums = Parallel.mapSlabs(of: 0..<shape.z + 1) { slab -> Int in
            var sum = 0
            func row(_ j: Int, _ k: Int) -> UnsafePointer<UInt8> {
              j < 0 || k < 0 || j >= shape.y || k >= shape.z ? empty : voxels + shape.x * (j + shape.y * k)
            }
            for k in slab {
              for j in 0...shape.y {
                sum += eulerOfCorners(
                  (row(j - 1, k - 1), row(j, k - 1), row(j - 1, k), row(j, k)), shape.x, table)
              }
            }
            return sum
          }
          return sums.reduce(0, +)
        }
      }
    }
    return sum / 8
  }

  /// The sum over the corners between four neighbouring rows of voxels.
  @inline(__always)
  private static func eulerOfCorners(
    _ rows: (UnsafePointer<UInt8>, UnsafePointer<UInt8>, UnsafePointer<UInt8>, UnsafePointer<UInt8>),
    _ count: Int, _ table: UnsafePointer<Int8>
  ) -> Int {
    func column(_ x: Int) -> Int {
      (rows.0[x] != 0 ? 1 : 0) | (rows.1[x] != 0 ? 2 : 0) | (rows.2[x] != 0 ? 4 : 0)
        | (rows.3[x] != 0 ? 8 : 0)
    }
    func word(_ row: UnsafePointer<UInt8>, _ x: Int) -> UInt64 {
      UnsafeRawPointer(row + x).loadUnaligned(as: UInt64.self)
    }
    var (sum, before, x) = (0, 0, 0)
    while x < count {
      if before == 0 && x + 8 <= count
        && word(rows.0, x) | word(rows.1, x) | word(rows.2, x) | word(rows.3, x) == 0
      {
        x += 8
        continue
      }
      let next = column(x)
      sum += Int(table[before | next << 4])
      before = next
      x += 1
    }
    return sum + Int(table[before])
  }
}
