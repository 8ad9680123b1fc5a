import Imaging

/// Which voxels may go when the candidates of one direction are looked at again one by one.
public enum Thinning: Sendable, Hashable, CaseIterable {
  /// Those that are still simple and no end of a line: the skeleton has exactly the topology of the mask
  /// (components, tunnels, cavities), as Lee, Kashyap and Chu intend and scikit-image does after 0.26.
  case topologyPreserving
  /// Those whose neighbours are still connected: voxel for voxel the result of scikit-image up to 0.26, which most
  /// published centreline scores were computed with. Now and then a tunnel opens or closes, or a speck vanishes.
  case scikitImage
}

extension Volume where Scalar == UInt8 {
  /// The skeleton of the mask: its medial surfaces and axes, one voxel thin.
  ///
  /// Thinning after Lee, Kashyap and Chu (1994): border voxels of the six directions in turn are deleted while each is
  /// simple (its removal changes neither the Euler characteristic nor the connectedness of its 26-neighbourhood) and no
  /// end of a line; the candidates of one direction are rechecked one by one. Voxels are visited in scikit-image's order for
  /// an array indexed [x, y, z]. Foreground is 26-connected; beyond the faces of the image is background.
  public func skeletonized(_ thinning: Thinning = .topologyPreserving) -> Mask {
    var skeleton = Mask(grid: grid, filledWith: 0)
    let kept = skeletonVoxels(thinning)
    skeleton.withMutableVoxels { voxels in
      for position in kept { voxels[position] = 1 }
    }
    return skeleton
  }

  /// The positions in memory of the voxels of the skeleton, ordered by x, then y, then z.
  package func skeletonVoxels(_ thinning: Thinning) -> [Int] {
    let rows = RunRows(nonzeroOf: self)
    guard let box = rows.boundingBox(in: shape) else { return [] }
    var state = ThinningState(box.shape)
    for run in rows.runs {
      let (x, rest) = (run.start % shape.x, run.start / shape.x)
      let (y, z) = (rest % shape.y - box.y.lowerBound, rest / shape.y - box.z.lowerBound)
      for step in 0..<run.length { state.insert(x + step - box.x.lowerBound, y, z) }
    }
    state.run(thinning)
    return state.voxels.map { voxel in
      let (x, y, z) = state.coordinates(of: Int(voxel))
      return shape.index(x + box.x.lowerBound, y + box.y.lowerBound, z + box.z.lowerBound)
    }
  }
}

/// The state of one thinning: the voxels left, on a grid with z fastest and a border of background one voxel wide.
private struct ThinningState {
  private let (nx, ny, nz): (Int, Int, Int)
  private var foreground: [UInt8]
  /// For each voxel a bit a direction: its neighbourhood changed since it was last looked at from there.
  private var pending: [UInt8]
  /// The foreground voxels, in the order of memory.
  private(set) var voxels: [Int32] = []

  init(_ shape: VoxelShape) {
    (nx, ny, nz) = (shape.x + 2, shape.y + 2, shape.z + 2)
    // Rows are read four bytes at a time, three of which count.
    foreground = Array(repeating: 0, count: nx * ny * nz + 1)
    pending = Array(repeating: 0, count: nx * ny * nz + 1)
    precondition(nx * ny * nz < Int(Int32.max), "too many voxels")
  }

  mutating func insert(_ x: Int, _ y: Int, _ z: Int) {
    foreground[(z + 1) + nz * ((y + 1) + ny * (x + 1))] = 1
  }

  func coordinates(of voxel: Int) -> (Int, Int, Int) {
    (voxel / (nz * ny) - 1, voxel / nz % ny - 1, voxel % nz - 1)
  }

  mutating func run(_ thinning: Thinning) {
    let (row, slice) = (nz, nz * ny)
    collectVoxels()
    let directions =
      switch thinning {
      case .topologyPreserving: [-row, 1, slice, row, -1, -slice]
      case .scikitImage: [-row, row, 1, -1, slice, -slice]
      }
    let eulerChange = Neighborhood.eulerChangeOfHalf
    var candidates: [Int32] = []
    foreground.withUnsafeMutableBufferPointer { foreground in
      pending.withUnsafeMutableBufferPointer { pending in
        eulerChange.withUnsafeBufferPointer { euler in
          let (foreground, pending) = (foreground.baseAddress!, pending.baseAddress!)
          for voxel in voxels { pending[Int(voxel)] = 0x3F }
          func pattern(_ voxel: Int) -> UInt32 {
            var bits: UInt32 = 0
            for c in 0..<3 {
              for b in 0..<3 {
                let start = voxel + (c - 1) * slice + (b - 1) * row - 1
                let bytes = UnsafeRawPointer(foreground + start).loadUnaligned(as: UInt32.self)
                // Gather the lowest bits of three bytes into three neighbouring bits.
                bits |= (((bytes & 0x01_0101) &* 0x1_0204) >> 16 & 7) << UInt32(3 * b + 9 * c)
              }
            }
            return bits
          }
          func isDeletable(_ voxel: Int) -> Bool {
            let bits = pattern(voxel)
            let ring = (bits >> 9 & 0xF) | (bits >> 10 & 0xF0)
            let change =
              euler[Int(bits & 0x1FF | ring << 9)] &+ euler[Int(bits >> 18 | ring << 9)]
            return change == 0 && (bits & ~Neighborhood.center).nonzeroBitCount != 1
              && Neighborhood.isConnected(bits)
          }
          func mayGo(_ voxel: Int) -> Bool {
            switch thinning {
            case .topologyPreserving: return isDeletable(voxel)
            case .scikitImage:
              let bits = pattern(voxel)
              return bits == Neighborhood.center || Neighborhood.isConnected(bits)
            }
          }
          var isChanged = true
          while isChanged {
            isChanged = false
            for (number, offset) in directions.enumerated() {
              let bit = UInt8(1) << UInt8(number)
              candidates.removeAll(keepingCapacity: true)
              for voxel in voxels where pending[Int(voxel)] & bit != 0 {
                pending[Int(voxel)] &= ~bit
                if foreground[Int(voxel) + offset] == 0 && isDeletable(Int(voxel)) {
                  candidates.append(voxel)
                }
              }
              for voxel in candidates where mayGo(Int(voxel)) {
                isChanged = true
                foreground[Int(voxel)] = 0
                pending[Int(voxel)] = 0
                for c in -1...1 {
                  for b in -1...1 {
                    let start = Int(voxel) + c * slice + b * row
                    for neighbor in start - 1...start + 1 {
                      pending[neighbor] = foreground[neighbor] &* 0x3F
                    }
                  }
                }
              }
            }
            voxels.removeAll { foreground[Int($0)] == 0 }
          }
        }
      }
    }
  }

  private mutating func collectVoxels() {
    for voxel in foreground.indices where foreground[voxel] != 0 { voxels.append(Int32(voxel)) }
  }
}
