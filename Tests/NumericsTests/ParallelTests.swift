import Numerics
import Testing

@Suite("Parallel loops")
struct ParallelTests {
  @Test("Slabs cover the range once, in order", arguments: [(0, 1), (1, 4), (7, 3), (100, 7)])
  func slabs(length: Int, count: Int) {
    let slabs = Parallel.slabs(of: 5..<5 + length, count: count)
    #expect(slabs.flatMap { Array($0) } == Array(5..<5 + length))
    let lengths = slabs.map(\.count)
    #expect((lengths.max() ?? 0) - (lengths.min() ?? 0) <= 1)
  }

  @Test("Every element is visited once")
  func visits() {
    let sums = Parallel.mapSlabs(of: 0..<1001, count: 13) { $0.reduce(0, +) }
    #expect(sums.reduce(0, +) == 1001 * 1000 / 2)
  }

  @Test("Results come in order, and the first error")
  func map() throws {
    struct Odd: Error, Equatable { var index: Int }
    #expect(Parallel.map(9) { $0 * $0 } == [0, 1, 4, 9, 16, 25, 36, 49, 64])
    #expect(Parallel.map(0) { $0 }.isEmpty)
    #expect(throws: Odd(index: 3)) {
      try Parallel.map(9) { index throws(Odd) in
        if index > 2, index % 2 == 1 { throw Odd(index: index) }
        return index
      }
    }
  }
}
