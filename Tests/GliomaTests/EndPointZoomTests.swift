import Foundation
import Glioma
import Imaging
import Testing

@Suite("End-point zoom")
struct EndPointZoomTests {
  private struct Case: Decodable {
    var shape, target: [Int]
    var values, linear, nearest: [Float]
  }

  @Test("Agrees with scipy.ndimage.zoom, vanishing last planes included")
  func golden() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let data = try Data(contentsOf: folder.appendingPathComponent("Golden/zoom.json"))
    for golden in try JSONDecoder().decode([Case].self, from: data) {
      let shape = VoxelShape(golden.shape[0], golden.shape[1], golden.shape[2])
      let target = VoxelShape(golden.target[0], golden.target[1], golden.target[2])
      let linear = EndPointZoom.linear(golden.values, shape, to: target)
      #expect(zip(linear, golden.linear).allSatisfy { abs($0 - $1) < 2e-6 }, "\(shape) to \(target)")
      #expect(EndPointZoom.nearest(golden.values, shape, to: target) == golden.nearest)
    }
  }
}
