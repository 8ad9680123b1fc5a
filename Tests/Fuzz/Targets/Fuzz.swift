import Foundation

/// What libFuzzer calls with every input. Which reader gets it is chosen by `FUZZ_TARGET`.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
  let start = clock()
  reader(Array(UnsafeBufferPointer(start: data, count: size)))
  // Of the processor, not of the clock: what waits behind other work does not hang.
  let seconds = Double(clock() - start) / Double(CLOCKS_PER_SEC)
  require(seconds < 1, "\(seconds) s for \(size) bytes, at most 1 s")
  return 0
}

private let reader: @Sendable ([UInt8]) -> Void = {
  let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
  guard let reader = readers[name] else {
    FileHandle.standardError.write(
      Data("FUZZ_TARGET=\(name): one of \(readers.keys.sorted().joined(separator: ", ")) expected\n".utf8))
    exit(64)
  }
  return reader
}()

private let readers: [String: @Sendable ([UInt8]) -> Void] = [
  "header": readHeader, "nifti": readNIfTI, "nifti-gz": readCompressedNIfTI, "gzip": readGzip, "png": readPNG,
  "jpeg": readJPEG, "safetensors": readSafeTensors, "yaml": readYAML,
]

/// Ends the process, so that libFuzzer keeps the input.
func require(_ condition: Bool, _ text: @autoclosure () -> String) {
  if !condition {
    FileHandle.standardError.write(Data("broken promise: \(text())\n".utf8))
    abort()
  }
}
