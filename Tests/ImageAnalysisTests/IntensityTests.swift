import ImageAnalysis
import Imaging
import TestSupport
import Testing

@Suite("Percentiles, thresholds and projections")
struct IntensityTests {
  let expected: VesselnessTests.Golden

  init() throws { expected = try goldenValues("vesselness.json") }

  @Test("Percentiles equal numpy's")
  func percentiles() {
    let image = Phantom.wave(VoxelShape(20, 18, 16))
    for (value, golden) in zip(image.percentiles(expected.percents), expected.percentiles) {
      #expect(abs(value - golden) < 1e-6)
    }
    let constant = Volume<Float>(grid: image.grid, filledWith: -2)
    #expect(constant.percentiles([0, 37, 100]) == [-2, -2, -2])
    let mask = image.thresholded(atLeast: 1)
    #expect(image.percentiles([0], within: mask)[0] >= 1)
    let empty = Mask(grid: image.grid, filledWith: 0)
    #expect(image.percentiles([50], within: empty)[0].isNaN)
  }

  @Test("Otsu's thresholds equal scikit-image's; a constant image has none")
  func otsu() throws {
    let threshold = try #require(Phantom.wave(VoxelShape(20, 18, 16)).otsuThreshold())
    #expect(abs(threshold - expected.otsu) < 1e-5)
    #expect(VesselnessTests.image.map { UInt8($0) }.otsuThreshold() == expected.otsuBytes)
    #expect(Volume<Float>(grid: VesselnessTests.image.grid, filledWith: 3).otsuThreshold() == nil)
    #expect(Mask(grid: VesselnessTests.image.grid, filledWith: 3).otsuThreshold() == nil)
  }

  @Test("Hysteresis equals SciPy's binary propagation and lies between the two thresholds")
  func hysteresis() {
    let image = Phantom.noise(VoxelShape(16, 16, 16), salt: 8).map { Float($0) }
    let mask = image.hysteresis(low: 220, high: 251)
    #expect(mask.voxels.count { $0 != 0 } == expected.hysteresis)
    #expect(image.hysteresis(low: 230, high: 230) == image.thresholded(atLeast: 230))
    let high = image.thresholded(atLeast: 251)
    #expect(zip(high.voxels, mask.voxels).allSatisfy { $0 <= $1 })
  }

  @Test("Projections hold the greatest value of each line", arguments: [0, 1, 2])
  func projections(axis: Int) {
    let image = Phantom.wave(VoxelShape(7, 6, 5))
    let picture = image.maximumIntensityProjection(along: axis)
    let (u, v) = (axis == 0 ? 1 : 0, axis == 2 ? 1 : 2)
    #expect(picture.width == image.shape[u] && picture.height == image.shape[v])
    for y in 0..<picture.height {
      for x in 0..<picture.width {
        let line = (0..<image.shape[axis]).map { depth -> Float in
          var p = [0, 0, 0]
          (p[u], p[v], p[axis]) = (x, y, depth)
          return image[p[0], p[1], p[2]]
        }
        #expect(picture[x, y] == line.max())
      }
    }
  }
}

@Suite("Morphology")
struct MorphologyTests {
  static let elements: [StructuringElement] = [
    .ball(radius: 2), .box(radius: 1), .cross(radius: 2), .ball(radius: 0), .box(radius: 0),
  ]

  @Test("Dilating one voxel draws the neighbourhood")
  func neighborhoods() {
    var point = Mask(
      grid: VoxelGrid(shape: VoxelShape(9, 9, 9), affine: Affine(spacing: [1, 1, 2])), filledWith: 0)
    point[4, 4, 4] = 9
    for element in Self.elements {
      let shape = point.dilated(by: element)
      for k in 0..<9 {
        for j in 0..<9 {
          for i in 0..<9 {
            let (x, y, z) = (abs(i - 4), abs(j - 4), abs(k - 4))
            let isInside =
              switch element {
              case .ball(let radius): Double(x * x + y * y + 4 * z * z) <= radius * radius
              case .box(let radius): max(x, y, z) <= radius
              case .cross(let radius): x + y + z <= radius
              }
            #expect(shape[i, j, k] == (isInside ? 1 : 0), "\(element) \(i) \(j) \(k)")
          }
        }
      }
    }
  }

  @Test(
    "Opening shrinks, closing grows, both once and for all, also at the faces",
    arguments: [1, 2, 3] as [UInt64])
  func openingAndClosing(seed: UInt64) {
    let mask = Phantom.speckle(VoxelShape(18, 13, 11), density: 0.5, seed: seed)
    for element in Self.elements {
      let (opened, closed) = (mask.opened(by: element), mask.closed(by: element))
      #expect(zip(opened.voxels, mask.voxels).allSatisfy { $0 <= $1 }, "\(element)")
      #expect(zip(mask.voxels, closed.voxels).allSatisfy { $0 <= $1 }, "\(element)")
      #expect(opened.opened(by: element) == opened && closed.closed(by: element) == closed)
    }
  }
}
