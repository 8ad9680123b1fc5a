import CDeflate

/// Gzip streams (RFC 1952) of one or more members: whole buffers by libdeflate, beginnings and damage by zlib.
package enum Gzip {
  /// How a decompression ended.
  package enum Outcome: Equatable {
    /// The bytes written; bytes of data beyond the buffer (discarded); bytes after the stream that are not gzip.
    case complete(written: Int, excess: Int, trailing: Int)
    /// The stream ends in the middle, after `written` bytes of data.
    case truncated(written: Int)
    /// A check sum or a length does not agree.
    case checksum
    /// The data are not a valid stream; zlib's words.
    case damaged(String)
    /// There is more data than the buffer and the tolerated excess hold.
    case tooLong
  }

  /// Data beyond the buffer up to this many bytes are counted and dropped; some writers pad to a block.
  static let toleratedExcess = 4096

  /// Deflate cannot do better than 1032 : 1, so a file of `compressedBytes` holds at most this many bytes.
  static func largestContent(of compressedBytes: Int) -> Int {
    let (product, overflow) = compressedBytes.multipliedReportingOverflow(by: 1032)
    return overflow ? .max : product
  }

  static func isGzip(_ bytes: some Collection<UInt8>) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

  /// Decompresses all members of `input` into `output`, never writing beyond it.
  package static func decompress(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer)
    -> Outcome
  {
    guard let decompressor = libdeflate_alloc_decompressor() else { return .damaged("out of memory") }
    defer { libdeflate_free_decompressor(decompressor) }
    var consumed = 0
    var written = 0
    while consumed < input.count {
      let rest = UnsafeRawBufferPointer(rebasing: input[consumed...])
      if consumed > 0, !isGzip(rest) {
        return .complete(written: written, excess: 0, trailing: trailing(rest))
      }
      var used = 0
      var produced = 0
      let result = libdeflate_gzip_decompress_ex(
        decompressor, rest.baseAddress, rest.count, output.baseAddress.map { $0 + written },
        output.count - written, &used, &produced)
      // Why it failed, or by how little the data are too long, zlib can tell.
      guard result == LIBDEFLATE_SUCCESS else { return examine(input, into: output) }
      consumed += used
      written += produced
    }
    return .complete(written: written, excess: 0, trailing: 0)
  }

  /// The same as `decompress`, by zlib: slower, with a reason for every failure and the excess measured.
  package static func examine(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer)
    -> Outcome
  {
    guard var inflater = Inflater() else { return .damaged("out of memory") }
    var overflow = [UInt8](repeating: 0, count: 1024)
    var consumed = 0
    var written = 0
    var excess = 0
    while true {
      let rest = UnsafeRawBufferPointer(rebasing: input[consumed...])
      let step: Inflater.Step
      if written < output.count {
        step = inflater.inflate(rest, into: UnsafeMutableRawBufferPointer(rebasing: output[written...]))
        written += step.produced
      } else {
        step = overflow.withUnsafeMutableBytes { inflater.inflate(rest, into: $0) }
        excess += step.produced
        if excess > toleratedExcess { return .tooLong }
      }
      consumed += step.consumed
      switch step.status {
      case Z_STREAM_END:
        let rest = UnsafeRawBufferPointer(rebasing: input[consumed...])
        guard isGzip(rest) else {
          return .complete(written: written, excess: excess, trailing: trailing(rest))
        }
        inflater.reset()
      case Z_OK, Z_BUF_ERROR:
        if consumed == input.count, step.produced == 0 { return .truncated(written: written) }
        if step.consumed == 0, step.produced == 0 { return .damaged("no progress") }
      default:
        let words = inflater.message
        return words.hasPrefix("incorrect") ? .checksum : .damaged(words)
      }
    }
  }

  /// The first `count` bytes of the data, or fewer where the stream ends or breaks before.
  static func prefix(of file: borrowing SourceFile, count: Int) throws(ImageFileError) -> [UInt8] {
    guard var inflater = Inflater() else { return [] }
    var data = [UInt8](repeating: 0, count: count)
    var written = 0
    var offset = 0
    while written < count, offset < file.size {
      let piece = try file.bytes(at: offset, count: 1 << 16)
      let step = piece.withUnsafeBytes { source in
        data.withUnsafeMutableBytes {
          inflater.inflate(source, into: UnsafeMutableRawBufferPointer(rebasing: $0[written...]))
        }
      }
      offset += step.consumed
      written += step.produced
      if step.status == Z_STREAM_END {
        inflater.reset()
      } else if step.status != Z_OK || (step.consumed == 0 && step.produced == 0) {
        break
      }
    }
    return Array(data.prefix(written))
  }

  /// One gzip member with `input` in it: no name, time 0, so that equal data give equal bytes.
  static func compress(_ input: UnsafeRawBufferPointer, level: Int) -> [UInt8]? {
    guard let compressor = libdeflate_alloc_compressor(Int32(level)) else { return nil }
    defer { libdeflate_free_compressor(compressor) }
    let bound = libdeflate_gzip_compress_bound(compressor, input.count)
    return [UInt8](unsafeUninitializedCapacity: bound) { buffer, initialized in
      initialized = libdeflate_gzip_compress(
        compressor, input.baseAddress, input.count, buffer.baseAddress, bound)
    }
  }

  /// Zeros after a stream are padding, which gzip itself ignores.
  private static func trailing(_ rest: UnsafeRawBufferPointer) -> Int {
    rest.allSatisfy { $0 == 0 } ? 0 : rest.count
  }
}

/// zlib's inflate for gzip members.
private struct Inflater: ~Copyable {
  struct Step {
    var status: Int32
    var consumed: Int
    var produced: Int
  }

  // zlib keeps a pointer to the stream's own address, so it must not move.
  private let stream: UnsafeMutablePointer<z_stream>

  init?() {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // 16 on top of the window bits: gzip headers only.
    guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      stream.deallocate()
      return nil
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  mutating func reset() { inflateReset(stream) }

  var message: String { stream.pointee.msg.map { String(cString: $0) } ?? "not a deflate stream" }

  mutating func inflate(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Step {
    let source = min(input.count, 1 << 30)
    let room = min(output.count, 1 << 30)
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
    stream.pointee.avail_in = UInt32(source)
    stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = UInt32(room)
    let status = CDeflate.inflate(stream, Z_NO_FLUSH)
    return Step(
      status: status, consumed: source - Int(stream.pointee.avail_in),
      produced: room - Int(stream.pointee.avail_out))
  }
}
