/// One of N equal parts of a batch, for job arrays: `I/N` with I from 1 to N.
public struct Shard: Sendable, Hashable {
  /// Which part, from 1.
  public let index: Int
  /// How many parts.
  public let count: Int

  /// Everything.
  public static let whole = Shard(index: 1, count: 1)

  private init(index: Int, count: Int) {
    self.index = index
    self.count = count
  }

  /// Reads `I/N`; anything but 1 ≤ I ≤ N is wrong use.
  public init(_ text: String) throws {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let index = Int(parts[0]), let count = Int(parts[1]), count >= 1,
      (1...count) ~= index
    else {
      throw PipelineError.usage("--shard \(text): I/N expected with I from 1 to N, such as 1/3")
    }
    self.init(index: index, count: count)
  }

  /// The elements of this part: every N-th, so that neighbours of one size go to different parts.
  public func part<Element>(of elements: [Element]) -> [Element] {
    stride(from: index - 1, to: elements.count, by: count).map { elements[$0] }
  }
}
