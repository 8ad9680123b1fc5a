import Imaging

/// White and grey matter on the cells of a growth grid.
public struct Tissue: Sendable {
  /// Fraction of white matter in each cell, 0…1, x fastest.
  public var white: [Float]
  /// Fraction of grey matter in each cell, 0…1, x fastest.
  public var gray: [Float]

  /// Below this sum of white and grey matter a cell is closed to tumour cells (GliODIL's `th_matter`).
  public static let matterThreshold: Float = 0.1

  /// Tissue fractions of a grid's cells.
  public init(white: [Float], gray: [Float]) {
    precondition(white.count == gray.count)
    self.white = white
    self.gray = gray
  }

  /// Whether the cell at position `index` holds enough brain tissue for tumour cells to live in it.
  public func isMatter(_ index: Int) -> Bool { white[index] + gray[index] >= Tissue.matterThreshold }
}

/// How the diffusion term is discretised.
public enum DiffusionScheme: String, Sendable, Codable, CaseIterable {
  /// Face diffusivities on their own faces, closed at CSF and at the border of the box: conservative, symmetric.
  case correct
  /// The published program's residual: the coefficients of opposite faces exchanged, y faces in z, periodic box.
  case compat
  /// The published program's explicit forward runs: right faces, except that the upper z faces are the y faces.
  case compatForward
}
