import Foundation
import Numerics
import Synchronization
import TestSupport
import Testing

@Suite("Atomic files")
struct AtomicFileTests {
  private func names(in folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  @Test("A committed file holds all bytes and leaves nothing beside it")
  func commits() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("a.bin")
      try AtomicFile.write(Data([1, 2, 3]), to: url)
      var file = try AtomicFile(at: url)
      try file.write(Data([4, 5, 6, 7]).dropFirst())
      try file.write(Data(repeating: 9, count: 100_000))
      #expect(try Data(contentsOf: url) == Data([1, 2, 3]))
      try file.commit()
      #expect(
        try Data(contentsOf: url) == Data([5, 6, 7])
          + Data(repeating: 9, count: 100_000))
      #expect(try names(in: folder) == ["a.bin"])
    }
  }

  @Test("An abandoned file leaves the old one and nothing else")
  func abandons() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("a.bin")
      try AtomicFile.write(Data([1]), to: url)
      do {
        var file = try AtomicFile(at: url)
        try file.write(Data([2]))
      }
      #expect(try Data(contentsOf: url) == Data([1]))
      #expect(try names(in: folder) == ["a.bin"])
    }
  }

  @Test("A missing folder is named")
  func missingFolder() {
    #expect(throws: AtomicFileError.cannotCreate(path: "/nowhere/at/all.bin", errno: ENOENT)) {
      try AtomicFile.write(Data([1]), to: URL(fileURLWithPath: "/nowhere/at/all.bin"))
    }
  }

  @Test("A name as long as the file system allows can be written")
  func longName() throws {
    try withTemporaryFolder { folder in
      let name = String(repeating: "n", count: 255)
      try AtomicFile.write(Data([1]), to: folder.appendingPathComponent(name))
      #expect(try names(in: folder) == [name])
    }
  }

  @Test("Whichever call fails, the old file stands whole and no other is left", arguments: 1...6)
  func faults(failing: Int) throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("a.bin")
      try AtomicFile.write(Data([1, 2]), to: url)
      let counter = Counter()
      let fails: @Sendable () -> Bool = {
        let now = counter.next() == failing
        if now { errno = ENOSPC }
        return now
      }
      var calls = FileSystemCalls()
      let real = calls
      calls.open = { fails() ? -1 : real.open($0) }
      calls.write = { fails() ? -1 : real.write($0, $1) }
      calls.synchronize = { fails() ? -1 : real.synchronize($0) }
      calls.close = { descriptor in
        let closed = real.close(descriptor)
        return fails() ? -1 : closed
      }
      calls.rename = { fails() ? -1 : real.rename($0, $1) }
      let error = FileSystemCalls.$current.withValue(calls) { () -> AtomicFileError? in
        do throws(AtomicFileError) {
          try AtomicFile.write(Data([3, 4]), to: url)
          return nil
        } catch { return error }
      }
      let bytes = try Data(contentsOf: url)
      if failing <= 5 {  // open, write, fsync, close, rename
        #expect(error != nil)
        #expect(bytes == Data([1, 2]))
      } else {  // the folder's own flush is not promised everywhere
        #expect(error == nil)
        #expect(bytes == Data([3, 4]))
      }
      #expect(try names(in: folder) == ["a.bin"])
    }
  }
}

private final class Counter: Sendable {
  private let value = Mutex(0)
  func next() -> Int {
    value.withLock {
      $0 += 1
      return $0
    }
  }
}
