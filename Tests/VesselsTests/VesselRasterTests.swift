import Imaging
import Numerics
import Testing
import Vessels

@Suite("Vessel raster")
struct VesselRasterTests {
  @Test(
    "The partial volumes of a tube add up to its volume, however thin and in whatever direction",
    arguments: [0.3, 0.5, 0.8, 1.3, 2.6, 4.5] as [Float])
  func tubeVolume(radius: Float) {
    var stream = RandomStream(seed: 17, purpose: "tube", indices: Int(radius * 10))
    var (painted, exact) = (0.0, 0.0)
    for _ in 0..<12 {
      // From face to face of the cube and out of it, so that only the side wall is in the image.
      let slope = SIMD3<Float>(stream.uniform(-0.6...0.6), stream.uniform(-0.6...0.6), 1)
      let middle = SIMD3<Float>(23.5 + stream.uniform(), 23.5 + stream.uniform(), 23.5)
      var raster = VesselRaster(shape: VoxelShape(48, 48, 48))
      let segment = VesselSegment(
        start: middle - 30 * slope, end: middle + 30 * slope, startRadius: radius, endRadius: radius)
      raster.paint([VesselTree(segments: [segment], brightness: 1)])
      painted += Double(raster.partialVolume.reduce(0, +))
      // A slice of thickness 1 cuts an oblique tube to πr² · |slope|.
      exact += 48 * Double(Float.pi * radius * radius * (slope * slope).sum().squareRoot())
    }
    #expect(abs(painted / exact - 1) < 0.03, "painted \(painted), exact \(exact)")
  }

  @Test(
    "A voxel centred on the wall of a thick vessel is half covered, deep ones wholly, far ones not at all")
  func wall() {
    var raster = VesselRaster(shape: VoxelShape(21, 21, 21))
    let segment = VesselSegment(start: [10, 10, -5], end: [10, 10, 25], startRadius: 6, endRadius: 6)
    raster.paint([VesselTree(segments: [segment], brightness: 0.7)])
    let shape = raster.shape
    #expect(abs(raster.partialVolume[shape.index(16, 10, 10)] - 0.5) < 0.05)
    #expect(raster.partialVolume[shape.index(12, 10, 10)] == 1)
    #expect(raster.partialVolume[shape.index(18, 10, 10)] == 0)
    #expect(raster.brightness[shape.index(12, 10, 10)] == 0.7)
    #expect(raster.radius[shape.index(12, 10, 10)] == 6)
  }

  @Test("The centre line is one 26-connected path")
  func centreline() {
    var raster = VesselRaster(shape: VoxelShape(32, 32, 32))
    let points: [SIMD3<Float>] = [[2, 3, 4], [9.3, 12.8, 7.1], [20, 14, 22], [29, 28, 25]]
    let segments = zip(points, points.dropFirst()).map {
      VesselSegment(start: $0, end: $1, startRadius: 0.5, endRadius: 0.5)
    }
    raster.paint([VesselTree(segments: segments, brightness: 1)])
    let shape = raster.shape
    let marked = raster.centreline.indices.filter { raster.centreline[$0] == 1 }
    var (reached, front) = (Set([marked[0]]), [marked[0]])
    while let voxel = front.popLast() {
      let (i, j, k) = (voxel % 32, voxel / 32 % 32, voxel / 1024)
      for (di, dj, dk) in (0..<27).map({ ($0 % 3 - 1, $0 / 3 % 3 - 1, $0 / 9 - 1) })
      where shape.contains(i + di, j + dj, k + dk) {
        let next = shape.index(i + di, j + dj, k + dk)
        if raster.centreline[next] == 1, reached.insert(next).inserted { front.append(next) }
      }
    }
    #expect(reached.count == marked.count)
  }
}
