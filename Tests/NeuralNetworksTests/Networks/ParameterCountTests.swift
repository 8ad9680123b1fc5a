import NeuralNetworks
import Testing

@Suite("Networks")
struct ParameterCountTests {
  @Test(
    "U-Nets have the published numbers of parameters",
    arguments: [
      (UNet3D(width: 64), 103_536_449),
      (UNet3D.multiScale(width: 64), 103_536_835),
      (UNet3D(width: 64, supervision: .convolutionBlock), 103_546_883),
      (UNet3D(width: 32, supervision: .convolutionBlock), 25_894_947),
      (UNet3D(width: 16, supervision: .convolutionBlock), 6_477_875),
      (UNet3D(width: 8, supervision: .convolutionBlock), 1_621_563),
      (UNet3D.attention(width: 64), 103_887_981),
    ])
  func unets(design: UNet3D, count: Int) {
    #expect(design.network().trainableCount == count)
  }

  @Test(
    "EfficientNets have the published numbers of parameters",
    arguments: [
      (EfficientNet.b0(classes: 1000), 5_288_548), (EfficientNet.b1(classes: 1000), 7_794_184),
      (EfficientNet.lite0(classes: 1000), 4_652_008), (EfficientNet.b0(classes: 12), 4_022_920),
      (EfficientNet.b1(classes: 12), 6_528_556),
    ])
  func efficientNets(design: EfficientNet, count: Int) {
    #expect(design.network().trainableCount == count)
  }

  @Test("EfficientNet's parameters carry torchvision's names")
  func names() throws {
    let table = EfficientNet.b1(classes: 12).network().table
    for name in [
      "features.0.0.weight", "features.0.1.running_mean", "features.1.0.block.1.fc1.bias",
      "features.7.1.block.3.0.weight", "features.8.1.bias", "classifier.1.weight",
    ] { #expect(table.index(of: name) != nil, "\(name)") }
  }

  @Test("A U-Net's outputs are ordered from fine to coarse, and its design survives encoding")
  func outputs() {
    let design = UNet3D.multiScale(width: 8)
    let network = design.network()
    #expect(network.outputs.count == 3)
    #expect(network.outputs.allSatisfy { $0.channels == 1 })
    #expect(design.divisor == 16)
    #expect(network.table.parameters.first?.name == "encoder1.conv1.weight")
  }
}
