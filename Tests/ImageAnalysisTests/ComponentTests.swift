import ImageAnalysis
import Imaging
import TestSupport
import Testing

@Suite("Connected components")
struct ComponentTests {
  @Test("Counts and sizes equal scipy.ndimage.label's")
  func scipy() throws {
    let noise = Phantom.noise(VoxelShape(24, 20, 16), salt: 2)
    for expected in try goldenValues("golden.json", as: GoldenValues.self).components {
      let mask = noise.map { Int($0) < expected.threshold ? UInt8(1) : 0 }
      let connectivity = try #require(Connectivity(rawValue: expected.connectivity))
      let components = mask.connectedComponents(connectivity)
      #expect(components.count == expected.count)
      #expect(components.sizes.sorted() == expected.sizes)
    }
  }

  @Test(
    "Labels agree with a flood fill from voxel to voxel", arguments: Connectivity.allCases,
    [1, 2, 3] as [UInt64])
  func floodFill(connectivity: Connectivity, seed: UInt64) {
    let mask = Phantom.speckle(VoxelShape(9, 7, 6), density: 0.25, seed: seed)
    let components = mask.connectedComponents(connectivity)
    let labels = components.labelMap()
    #expect(labels.voxels == floodFilled(mask, connectivity).voxels)
    for component in 0..<components.count {
      #expect(labels.voxels.filter { $0 == Int32(component + 1) }.count == components.sizes[component])
    }
  }

  @Test("Small components go, the largest stays")
  func filters() throws {
    var mask = Mask(grid: VoxelGrid(shape: VoxelShape(40, 5, 5)), filledWith: 0)
    for i in 0..<3 { mask[i, 2, 2] = 255 }
    for i in 10..<20 { mask[i, 2, 2] = 1 }
    for i in 30..<35 { mask[i, 2, 2] = 7 }
    #expect(mask.connectedComponents().sizes == [3, 10, 5])
    #expect(mask.removingComponents(smallerThan: 5).voxels.map(Int.init).reduce(0, +) == 15)
    #expect(mask.largestComponent().voxels.map(Int.init).reduce(0, +) == 10)
    let empty = Mask(grid: mask.grid, filledWith: 0)
    #expect(empty.connectedComponents().largest == nil && empty.largestComponent() == empty)
  }

  private func floodFilled(_ mask: Mask, _ connectivity: Connectivity) -> LabelMap {
    let shape = mask.shape
    let reach = [Connectivity.six: 1, .eighteen: 2, .twentySix: 3][connectivity] ?? 0
    var labels = LabelMap(grid: mask.grid, filledWith: 0)
    var next: Int32 = 0
    for k in 0..<shape.z {
      for j in 0..<shape.y {
        for i in 0..<shape.x where mask[i, j, k] != 0 && labels[i, j, k] == 0 {
          next += 1
          labels[i, j, k] = next
          var stack = [(i, j, k)]
          while let (x, y, z) = stack.popLast() {
            for dz in -1...1 {
              for dy in -1...1 {
                for dx in -1...1 where abs(dx) + abs(dy) + abs(dz) <= reach {
                  let (a, b, c) = (x + dx, y + dy, z + dz)
                  guard shape.contains(a, b, c), mask[a, b, c] != 0, labels[a, b, c] == 0 else { continue }
                  labels[a, b, c] = next
                  stack.append((a, b, c))
                }
              }
            }
          }
        }
      }
    }
    return labels
  }
}
