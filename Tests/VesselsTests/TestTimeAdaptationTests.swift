import Imaging
import NeuralNetworks
import Testing
import Vessels

@Suite("Test-time adaptation")
struct TestTimeAdaptationTests {
  @Test(
    "A few steps bring the answer nearer to the proxy, leave other outputs' heads alone, and repeat byte for byte"
  )
  func adapts() throws {
    let angiography = RandomSyntheticAngiography(shape: VoxelShape(32, 32, 32), spacing: [0.6, 0.6, 0.6])
      .draw(seed: 8, index: 1).make()
    let proxy = angiography.label(.all)
    try #require(proxy.voxels.contains(1))
    var design = UNet3D(width: 4, levels: 4, supervision: .pointwise)
    design.outputChannels = 2
    let model = VesselModel(
      design: design, weights: design.network().initialWeights(seed: 2),
      outputs: [.init(.all), .init(.bright)])
    var adaptation = TestTimeAdaptation()
    adaptation.patch = 32
    adaptation.steps = 12
    adaptation.learningRate = 3e-3
    adaptation.precision = .f32
    var losses: [Double] = []
    let adapted = try adaptation(model, channel: 0, volume: angiography.image, proxy: proxy) {
      losses.append($1)
    }
    #expect(losses.count == 12 && losses[11] < losses[0])
    let head = try #require(model.weights.tensor("head1.weight"))
    let changed = try #require(adapted.weights.tensor("head1.weight"))
    let half = head.count / 2
    #expect(Array(head.prefix(half)) != Array(changed.prefix(half)))
    #expect(Array(head.suffix(half)) == Array(changed.suffix(half)))
    let again = try adaptation(model, channel: 0, volume: angiography.image, proxy: proxy)
    let repeats = again.weights.values == adapted.weights.values
    #expect(repeats)
  }
}
