import Foundation
import Imaging

/// Whole-volume inference by overlapping windows or by tiles with a halo; the network is a closure.
public struct SlidingWindow: Codable, Sendable, Equatable {
  /// How the windows' results are put together.
  public enum Blending: String, Codable, Sendable, CaseIterable {
    /// Weighted means, a Gaussian of an eighth of the window around its middle, at least 1e-3, as MONAI's default does.
    case gaussian
    /// Plain means.
    case constant
    /// Each voxel from one window: the one in whose middle it lies. Windows overlap by a halo that is thrown away.
    case crop
  }

  /// The shape of a window; with tiles, halo included.
  public var patch: VoxelShape
  /// The distance of neighbouring windows along each axis.
  public var stride: VoxelShape
  /// How the results are put together.
  public var blending: Blending
  /// Normalisation of each window by itself; `.patchMaximum` or nil.
  public var patchNormalization: IntensityNormalization?
  /// Whether the network wants the volume's second axis fastest instead of the first: tensors N C k i j, as the
  /// published weights of DS6 and SPOCKMIP do.
  public var swapsInPlaneAxes: Bool
  /// How far before the volume's first voxel the first window begins; less than `patch`. A network worth its name gives
  /// nearly the same for every offset.
  public var offset = VoxelShape(0, 0, 0)

  /// Windows of `patch` at `stride`.
  public init(
    patch: VoxelShape, stride: VoxelShape, blending: Blending,
    patchNormalization: IntensityNormalization? = nil, swapsInPlaneAxes: Bool = false
  ) {
    self.patch = patch
    self.stride = stride
    self.blending = blending
    self.patchNormalization = patchNormalization
    self.swapsInPlaneAxes = swapsInPlaneAxes
  }

  /// Windows that overlap by the fraction `overlap` of `patch`.
  public static func windows(patch: VoxelShape, overlap: Double, blending: Blending = .gaussian)
    -> SlidingWindow
  {
    func step(_ side: Int) -> Int { max(1, min(side, Int(Double(side) * (1 - overlap)))) }
    return SlidingWindow(
      patch: patch, stride: VoxelShape(step(patch.x), step(patch.y), step(patch.z)), blending: blending)
  }

  /// Tiles of which a border of `halo` voxels is thrown away.
  public static func tiles(patch: VoxelShape, halo: Int) -> SlidingWindow {
    SlidingWindow(
      patch: patch,
      stride: VoxelShape(max(1, patch.x - 2 * halo), max(1, patch.y - 2 * halo), max(1, patch.z - 2 * halo)),
      blending: .crop)
  }

  /// The published inference of DS6 and SPOCKMIP: 64³ windows at stride 32, 32, 16 along i, j, k, each divided by its maximum,
  /// plain means.
  public static let published = SlidingWindow(
    patch: VoxelShape(64, 64, 64), stride: VoxelShape(32, 32, 16), blending: .constant,
    patchNormalization: .patchMaximum, swapsInPlaneAxes: true)

  /// The windows over a volume of shape `extent`.
  public func windows(over extent: VoxelShape) -> [PatchWindow] {
    WindowGrid(extent: extent, patch: patch, stride: stride, offset: offset).windows
  }

  /// Run `predict` over `volume` and put the results together, on the volume's grid.
  ///
  /// - Parameters:
  ///   - volume: The image, normalised.
  ///   - batch: The number of windows that `predict` gets at once; the last call gets copies of its first window to fill up.
  ///   - isEmpty: Windows that are left out: their result is 0.
  ///   - progress: Called with the fraction done after each batch.
  ///   - predict: Reads `batch` windows, N 1 D H W, and writes as many probabilities.
  /// - Returns: The probabilities. A result does not depend on `batch`.
  public func run(
    on volume: Volume<Float>, batch: Int, isEmpty: (PatchWindow) -> Bool = { _ in false },
    progress: (Double) throws -> Void,
    predict: (_ input: UnsafeBufferPointer<Float>, _ output: UnsafeMutableBufferPointer<Float>) throws -> Void
  ) rethrows -> Volume<Float> {
    let windows = windows(over: volume.shape)
    let size = patch.count
    var blend = WindowBlend(
      extent: volume.shape, patch: patch, blending: blending,
      starts: (0..<3).map {
        WindowGrid.starts(
          length: volume.shape[$0], patch: patch[$0], stride: stride[$0], offset: offset[$0])
      })
    let input = UnsafeMutableBufferPointer<Float>.allocate(capacity: batch * size)
    let output = UnsafeMutableBufferPointer<Float>.allocate(capacity: batch * size)
    defer {
      input.deallocate()
      output.deallocate()
    }
    input.initialize(repeating: 0)
    output.initialize(repeating: 0)
    let full = windows.filter { window in
      guard isEmpty(window) else { return true }
      blend.addNothing(window)
      return false
    }
    for first in Swift.stride(from: 0, to: full.count, by: batch) {
      for slot in 0..<batch {
        let window = full[first + slot < full.count ? first + slot : first]
        let target = UnsafeMutableBufferPointer(rebasing: input[slot * size..<(slot + 1) * size])
        read(window, of: volume, into: target)
      }
      try predict(UnsafeBufferPointer(input), output)
      for slot in 0..<min(batch, full.count - first) {
        let result = UnsafeMutableBufferPointer(rebasing: output[slot * size..<(slot + 1) * size])
        if swapsInPlaneAxes { swapInPlaneAxes(result) }
        blend.add(full[first + slot], UnsafeBufferPointer(result))
      }
      try progress(Double(min(first + batch, full.count)) / Double(full.count))
    }
    return Volume(grid: volume.grid, voxels: blend.finished())
  }

  /// Run `predict` over `volume` and put the results together, without telling how far it is.
  public func run(
    on volume: Volume<Float>, batch: Int,
    predict: (_ input: UnsafeBufferPointer<Float>, _ output: UnsafeMutableBufferPointer<Float>) throws -> Void
  ) rethrows -> Volume<Float> {
    try run(on: volume, batch: batch, progress: { _ in }, predict: predict)
  }

  private func read(
    _ window: PatchWindow, of volume: Volume<Float>, into target: UnsafeMutableBufferPointer<Float>
  ) {
    volume.withVoxels { voxels in
      guard let voxels = voxels.baseAddress, let patch = target.baseAddress else { return }
      window.copy(from: voxels, extent: volume.shape, into: patch)
    }
    patchNormalization?.normalize(patch: target)
    if swapsInPlaneAxes { swapInPlaneAxes(target) }
  }

  private func swapInPlaneAxes(_ values: UnsafeMutableBufferPointer<Float>) {
    precondition(patch.x == patch.y, "axes are swapped in square windows only, not \(patch)")
    let side = patch.x
    for k in 0..<patch.z {
      for j in 0..<side {
        for i in 0..<j { values.swapAt((k * side + j) * side + i, (k * side + i) * side + j) }
      }
    }
  }
}
