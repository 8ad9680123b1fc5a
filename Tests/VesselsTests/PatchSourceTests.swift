import ImageAnalysis
import Imaging
import Numerics
import Testing
import Vessels

private let grid = VoxelGrid(shape: VoxelShape(20, 24, 16), affine: Affine(spacing: [1, 1, 1]))

private func scan(_ seed: Int, labelled: Bool = true, shape: VoxelShape = grid.shape) -> TrainingVolume {
  var stream = RandomStream(seed: 1, purpose: "scan", indices: seed)
  let grid = VoxelGrid(shape: shape, affine: Affine(spacing: [1, 1, 1]))
  let image = Volume(grid: grid, voxels: (0..<shape.count).map { _ in stream.uniform() })
  let label = image.map { UInt8($0 > 0.95 ? 1 : 0) }
  return TrainingVolume(id: "scan-\(seed)", image: image, label: labelled ? label : nil)
}

private func source(
  _ volumes: [TrainingVolume], side: Int = 16, augmentation: RandomPatchAugmentation? = .init(),
  axes: [MIPLoss.Axis] = []
) -> VolumePatchSource {
  VolumePatchSource(
    volumes, count: 2, sampler: PatchSampler(patch: VoxelShape(side, side, side), foregroundFraction: 0.5),
    augmentation: augmentation, projectedAxes: axes, seed: 4)
}

@Suite("Training patches")
struct PatchSourceTests {
  @Test("Patches depend on seed and step only: the same whatever was drawn before")
  func repeatable() {
    let domain = SyntheticPatchSource.Settings(side: 16, batch: 2)
    let (going, resumed) = (SyntheticPatchSource(domain, seed: 3), SyntheticPatchSource(domain, seed: 3))
    for step in 0..<6 { _ = going.patches(step: step) }
    let (a, b) = (going.patches(step: 6), resumed.patches(step: 6))
    #expect(a.map(\.image) == b.map(\.image) && a.map(\.labels) == b.map(\.labels))
    #expect(a.map(\.image) != going.patches(step: 7).map(\.image))
    let scans = source([scan(1), scan(2)])
    #expect(scans.patches(step: 5).map(\.image) == scans.patches(step: 5).map(\.image))
  }

  @Test(
    "Synthetic patches hold one label for each convention asked for, replayed ones a turned earlier patch")
  func synthetic() {
    var domain = SyntheticPatchSource.Settings(side: 24, batch: 2)
    domain.gain = 1
    let source = SyntheticPatchSource(domain, seed: 8)
    let batch = source.patches(step: 0)
    #expect(batch.count == 2 && batch.allSatisfy { $0.labels?.count == 2 * 24 * 24 * 24 })
    // At the first step there is nothing to replay but the new patch itself.
    #expect(batch[0].image.sorted() == batch[1].image.sorted())
    #expect(batch[0].labels?.reduce(0, +) == batch[1].labels?.reduce(0, +))
  }

  @Test("Labelled patches come first in a batch, twins behind, each with its own deformation")
  func order() {
    let (a, b) = (source([scan(1, labelled: false)]), source([scan(2)]))
    let composer = BatchComposer(
      [a, b], patch: VoxelShape(16, 16, 16), deformation: RandomElasticDeformation(), seed: 2)
    let batch = composer.batch(step: 3)
    let size = 16 * 16 * 16
    #expect(batch.samples == 4 && batch.labelled == 2 && batch.warps.count == 4)
    #expect(batch.images.count == 8 * size && batch.labels.count == 4 * size)
    #expect(Array(batch.images[..<size]) == b.patches(step: 3)[0].image)
    #expect(Array(batch.images[2 * size..<3 * size]) == a.patches(step: 3)[0].image)
    for slot in 0..<4 {
      let twin = batch.warps[slot](Array(batch.images[slot * size..<(slot + 1) * size]))
      #expect(Array(batch.images[(4 + slot) * size..<(5 + slot) * size]) == twin)
    }
    #expect(Array(batch.labels[2 * size..<3 * size]) == batch.warps[0](Array(batch.labels[..<size])))
  }

  @Test("Loader threads change neither the batches nor their order", arguments: [0, 1, 3])
  func loader(threads: Int) {
    let composer = BatchComposer(
      [source([scan(1)])], patch: VoxelShape(16, 16, 16), deformation: nil, seed: 2)
    let loader = BatchLoader(steps: 2..<9, threads: threads) { composer.batch(step: $0) }
    for step in 2..<9 { #expect(loader.next()?.images == composer.batch(step: step).images) }
    #expect(loader.next() == nil)
    // One that is let go early ends its threads.
    _ = BatchLoader(steps: 0..<1000, threads: threads) { composer.batch(step: $0) }.next()
  }

  @Test("Scans smaller than a patch, thin ones and constant ones give whole, finite patches")
  func small() {
    for shape in [VoxelShape(5, 7, 3), VoxelShape(40, 1, 9), VoxelShape(1, 1, 1)] {
      for patch in source([scan(1, shape: shape)]).patches(step: 1) {
        #expect(patch.image.count == 4096 && patch.image.allSatisfy(\.isFinite))
        #expect(patch.labels?.count == 4096)
      }
    }
    let flat = Volume<Float>(grid: grid, filledWith: 7)
    for normalization in IntensityNormalization.allCases {
      let volume = TrainingVolume(id: "flat", image: normalization(flat), label: flat.map { _ in UInt8(0) })
      #expect(source([volume]).patches(step: 0).allSatisfy { $0.image.allSatisfy(\.isFinite) })
    }
  }

  @Test("Voxels that are no numbers do not reach the network")
  func notANumber() {
    var image = Volume<Float>(grid: grid, filledWith: 0.5)
    image.setVoxel(17, .nan)
    image.setVoxel(40, .infinity)
    let volume = TrainingVolume(id: "nan", image: IntensityNormalization.percentile(image), label: nil)
    #expect(source([volume]).patches(step: 0).allSatisfy { $0.image.allSatisfy(\.isFinite) })
  }

  @Test("The projection of the whole label is the patch's own where the patch is the whole volume")
  func projections() throws {
    let volume = scan(3, shape: VoxelShape(16, 16, 16))
    let axes: [MIPLoss.Axis] = [.z, .y, .x]
    let patch = source([volume], augmentation: nil, axes: axes).patches(step: 0)[0]
    let labels = try #require(patch.labels)
    #expect(patch.projections == MIPLoss(axes: axes).targets(labels: labels, shape: [1, 1, 16, 16, 16]))
    // In a larger volume it also holds what lies before and behind.
    let larger = source([scan(4, shape: VoxelShape(16, 16, 40))], augmentation: nil, axes: [.z]).patches(
      step: 0)[0]
    let own = MIPLoss(axes: [.z]).targets(labels: try #require(larger.labels), shape: [1, 1, 16, 16, 16])[0]
    let whole = try #require(larger.projections)[0]
    #expect(zip(whole, own).allSatisfy { $0 >= $1 } && whole != own)
  }

  @Test("Centre lines lie inside the label and cover its skeleton")
  func centrelines() throws {
    var label = Mask(grid: grid, filledWith: 0)
    for k in 3..<12 { for j in 8..<13 { for i in 6..<11 { label[i, j, k] = 1 } } }
    let volume = TrainingVolume(
      id: "tube", image: label.map { Float($0) }, label: label, centrelines: true)
    let patch = source([volume], augmentation: nil).patches(step: 0)[0]
    let (lines, labels) = (try #require(patch.centrelines), try #require(patch.labels))
    #expect(zip(lines, labels).allSatisfy { $0 <= $1 })
    #expect(lines.contains(1) && lines.reduce(0, +) <= labels.reduce(0, +))
  }
}
