/// Why an image gives no cells.
public enum BloodCellsError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Fewer pixels than a few cells need.
  case imageTooSmall(width: Int, height: Int)
  /// Cells and background cannot be told apart, or what stands out has no cell-like shape.
  case notASmear(reason: String)
  /// More cells than 16-bit labels can name.
  case tooManyCells(found: Int)
  /// Two images that belong together differ in size.
  case sizesDiffer(what: String, found: SIMD2<Int>, expected: SIMD2<Int>)
  /// A parameter outside its range.
  case invalidParameter(name: String, found: String, expected: String)

  /// One line: what is wrong, found vs expected, what to do.
  public var description: String {
    switch self {
    case .imageTooSmall(let width, let height):
      "the image has \(width)×\(height) pixels, at least 32×32 expected. Give a whole field of view."
    case .notASmear(let reason):
      "this does not look like a stained blood smear: \(reason). Check that it is the right image."
    case .tooManyCells(let found):
      "\(found) cells found, at most 65535 fit 16-bit labels. Cut the image into tiles."
    case .sizesDiffer(let what, let found, let expected):
      "\(what) has \(found.x)×\(found.y) pixels, \(expected.x)×\(expected.y) expected. Use files of one case."
    case .invalidParameter(let name, let found, let expected):
      "\(name) is \(found), \(expected) expected. Change the parameter."
    }
  }
}
