import Imaging

/// What a voxel of a tumour segmentation is, whatever numbers the file used.
public enum TumorRegion: UInt8, Sendable, CaseIterable {
  /// No visible tumour.
  case none = 0
  /// Oedema (FLAIR hyperintensity around the core).
  case edema = 1
  /// Contrast-enhancing core.
  case enhancing = 2
  /// Necrotic or non-enhancing core.
  case necrotic = 3

  /// Whether a voxel of region `value` takes up a PET tracer as far as its density goes: oedema and enhancing core.
  static func takesUpTracer(_ value: UInt8) -> Bool { value == edema.rawValue || value == enhancing.rawValue }
}

/// A segmentation with one `TumorRegion` raw value a voxel.
public typealias TumorSegmentation = Volume<UInt8>

extension Volume<UInt8> {
  /// Whether the voxel at memory position `index` belongs to the core, enhancing or necrotic.
  @inline(__always)
  func isCore(_ index: Int) -> Bool { voxels[index] >= TumorRegion.enhancing.rawValue }

  /// The segmentation reduced to what the loss distinguishes: 0 none, 1 oedema, 2 core.
  var lossLabels: [UInt8] { voxels.map { min($0, 2) } }
}
