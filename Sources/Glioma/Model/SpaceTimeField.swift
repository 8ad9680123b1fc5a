import Foundation
import Imaging

/// A density on every cell of every time slice, in single precision.
///
/// Slices lie one after the other, each padded with zeros to a multiple of 16 cells, and one guard of a plane
/// stands before the first and after the last slice: a stencil may load its neighbours anywhere, and a coefficient of
/// zero removes those that do not exist.
public final class SpaceTimeField: @unchecked Sendable {
  // Unchecked because the kernels write disjoint cells from several threads; nobody reads cells being written.

  /// Number of slices.
  public let slices: Int
  /// Cells along x, y and z.
  public let shape: VoxelShape
  /// Cells from one slice to the next, at least `shape.count`.
  public let pitch: Int
  private let storage: UnsafeMutablePointer<Float>
  private let first: UnsafeMutablePointer<Float>
  private let length: Int

  /// A field of zeros.
  public init(slices: Int, shape: VoxelShape) {
    self.slices = slices
    self.shape = shape
    pitch = (shape.count + 15) / 16 * 16
    let guardCells = (shape.x * shape.y + 31) / 16 * 16
    length = slices * pitch + 2 * guardCells
    let isLarge = 4 * length > 2 * SpaceTimeField.hugePage
    let bytes = UnsafeMutableRawPointer.allocate(
      byteCount: 4 * length, alignment: isLarge ? SpaceTimeField.hugePage : 64)
    #if os(Linux)
      // A sweep touches a few planes of many slices: with small pages most of its time would go into finding them.
      if isLarge { madvise(bytes, 4 * length, MADV_HUGEPAGE) }
    #endif
    memset(bytes, 0, 4 * length)
    storage = bytes.bindMemory(to: Float.self, capacity: length)
    first = storage + guardCells
  }

  private static let hugePage = 2 << 20

  deinit { storage.deallocate() }

  /// The first cell of slice `n`.
  public subscript(n: Int) -> UnsafeMutablePointer<Float> { first + n * pitch }

  /// The cells of slice `n`, x fastest, without padding.
  public func slice(_ n: Int) -> [Float] { Array(UnsafeBufferPointer(start: self[n], count: shape.count)) }

  /// Replace slice `n` by `values`, x fastest.
  public func setSlice(_ n: Int, to values: [Float]) {
    precondition(values.count == shape.count)
    values.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { self[n].update(from: base, count: shape.count) }
    }
  }

  /// Set every cell to zero.
  public func clear() { memset(storage, 0, 4 * length) }

  /// Take over the values of `other`, which must have the same shape.
  public func copy(_ other: SpaceTimeField) {
    precondition(other.length == length)
    storage.update(from: other.storage, count: length)
  }
}
