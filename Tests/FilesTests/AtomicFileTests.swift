import Files
import Foundation
import ImageFiles
import Imaging
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// System calls of which the n-th fails.
private final class FaultyOperations: Sendable {
  private let countdown: Mutex<Int>
  private let error: Errno

  init(failingAt n: Int, with error: Errno) {
    countdown = Mutex(n)
    self.error = error
  }

  /// Whether the fault was reached.
  var isSpent: Bool { countdown.withLock { $0 <= 0 } }

  private func step() throws(Errno) {
    let isDue = countdown.withLock { count in
      count -= 1
      return count == 0
    }
    if isDue { throw error }
  }

  var operations: FileOperations {
    let system = FileOperations.system
    var faulty = system
    faulty.create = { path throws(Errno) in
      try self.step()
      return try system.create(path)
    }
    // Short writes, as a busy file system gives them.
    faulty.write = { descriptor, bytes throws(Errno) in
      try self.step()
      return try system.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes.prefix(100)))
    }
    faulty.synchronize = { descriptor throws(Errno) in
      try self.step()
      try system.synchronize(descriptor)
    }
    faulty.rename = { from, to throws(Errno) in
      try self.step()
      try system.rename(from, to)
    }
    faulty.synchronizeFolder = { path throws(Errno) in
      try self.step()
      try system.synchronizeFolder(path)
    }
    return faulty
  }
}

@Suite("Outputs are complete or absent")
struct AtomicFileTests {
  private let old = Array("the file that was there before".utf8)
  private let new = [UInt8](repeating: 7, count: 550)

  private func isCreation(_ error: FileWritingError) -> Bool {
    if case .cannotCreate = error { true } else { false }
  }

  private func contents(_ path: String) -> [UInt8]? {
    (try? Data(contentsOf: URL(fileURLWithPath: path))).map(Array.init)
  }

  @Test("Whichever system call fails, the old file or the new one is there, whole, and nothing else")
  func everyFault() throws {
    for error in [Errno.noSpace, .ioError, .diskQuotaExceeded, .readOnlyFileSystem] {
      var n = 1
      while true {
        let faults = FaultyOperations(failingAt: n, with: error)
        let isDone = try withTemporaryFolder { folder in
          let path = try folder.file("out.bin", old)
          do {
            try FileOperations.$current.withValue(faults.operations) {
              try AtomicFile.write(new, to: path)
            }
            #expect(!faults.isSpent)
            #expect(contents(path) == new)
          } catch let failure as FileWritingError {
            #expect(faults.isSpent)
            #expect(failure.path == path)
            #expect(isCreation(failure) == (n == 1), "\(failure)")
            // Only a failure after the renaming may leave the new one.
            #expect(contents(path) == old || (n == 10 && contents(path) == new), "call \(n)")
          }
          #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out.bin"])
          return !faults.isSpent
        }
        if isDone { break }
        n += 1
      }
      // Create, six writes of at most 100 bytes, fsync, rename, fsync of the folder.
      #expect(n == 11)
    }
  }

  @Test("An interrupted write is taken up again")
  func interrupted() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("out.bin").path
      let faults = FaultyOperations(failingAt: 3, with: .interrupted)
      try FileOperations.$current.withValue(faults.operations) { try AtomicFile.write(new, to: path) }
      #expect(contents(path) == new)
    }
  }

  @Test("A full disk is reported with the bytes needed and free")
  func fullDisk() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("out.bin").path
      let error = #expect(throws: FileWritingError.self) {
        let faults = FaultyOperations(failingAt: 2, with: .noSpace)
        try FileOperations.$current.withValue(faults.operations) { try AtomicFile.write(new, to: path) }
      }
      #expect(
        error?.message.contains("550 bytes needed") == true && error?.message.contains("free in") == true)
      guard case .cannotWrite(_, Errno.noSpace.rawValue, _)? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }

  @Test("A device that is full refuses the bytes for real")
  func deviceFull() throws {
    guard FileManager.default.fileExists(atPath: "/dev/full") else { return print("skipped: no /dev/full") }
    try withTemporaryFolder { folder in
      var operations = FileOperations.system
      operations.create = { _ throws(Errno) in
        let descriptor = open("/dev/full", O_WRONLY)
        if descriptor < 0 { throw Errno(rawValue: errno) }
        return descriptor
      }
      let path = folder.appendingPathComponent("volume.nii.gz").path
      let volume = Volume<Float>(grid: VoxelGrid(shape: VoxelShape(9, 9, 9)), filledWith: 2)
      let error = #expect(throws: ImageFileError.self) {
        try FileOperations.$current.withValue(operations) { try NIfTIWriter().write(volume, to: path) }
      }
      #expect(error?.exitCode == 74 && error?.message.contains("the disk is full") == true)
      #expect(!FileManager.default.fileExists(atPath: path))
    }
  }

  @Test("A folder that is missing, is a file, or has the output's name is exit 73")
  func cannotCreate() throws {
    try withTemporaryFolder { folder in
      let file = try folder.file("file", old)
      for path in ["\(folder.path)/missing/out.bin", "\(file)/out.bin", folder.path] {
        let error = #expect(throws: FileWritingError.self) { try AtomicFile.write(new, to: path) }
        #expect(error.map(isCreation) == true && error?.path == path, "\(String(describing: error))")
      }
      let error = #expect(throws: ImageFileError.self) {
        try NIfTIWriter().write(
          Volume<UInt8>(grid: VoxelGrid(shape: VoxelShape(1, 1, 1)), filledWith: 0),
          to: folder.path + "/a.hdr")
      }
      #expect(error?.exitCode == 73)
    }
  }

  @Test("A streamed file appears only with its commit; one given up leaves nothing")
  func streamed() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent(String(repeating: "ü", count: 127)).path
      func giveUp() throws {
        var file = try AtomicFile(at: path)
        try file.write(new)
      }
      try giveUp()
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
      var file = try AtomicFile(at: path)
      try file.write(new)
      #expect(contents(path) == nil)
      try file.write(old)
      try file.commit()
      #expect(contents(path) == new + old)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 1)
    }
  }
}
