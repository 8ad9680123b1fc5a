import Foundation

extension SafeTensors.Tensor {
  /// A single-precision tensor.
  public init(_ values: some Collection<Float>, shape: [Int]) {
    self.init(type: .float32, shape: shape, bytes: littleEndianBytes(values.map(\.bitPattern)))
  }

  /// A double-precision tensor.
  public init(_ values: some Collection<Double>, shape: [Int]) {
    self.init(type: .float64, shape: shape, bytes: littleEndianBytes(values.map(\.bitPattern)))
  }

  /// A tensor of whole numbers.
  public init(_ values: some Collection<Int64>, shape: [Int]) {
    self.init(type: .int64, shape: shape, bytes: littleEndianBytes(Array(values)))
  }

  /// A tensor of 16-bit floating point, rounded to the nearest.
  public init(_ values: some Collection<Float>, shape: [Int], halfPrecision type: TensorType) {
    precondition(type == .bfloat16 || type == .float16, "a 16-bit type")
    let values = Array(values)
    let bits = type == .bfloat16 ? HalfPrecision.bfloat16(values) : HalfPrecision.float16(values)
    self.init(type: type, shape: shape, bytes: littleEndianBytes(bits))
  }

  /// The elements in single precision; nil for the eight-bit floating-point types.
  public var floats: [Float]? {
    switch type {
    case .float32: elements(UInt32.self).map { Float(bitPattern: $0) }
    case .bfloat16: HalfPrecision.floats(bfloat16: elements(UInt16.self))
    case .float16: HalfPrecision.floats(float16: elements(UInt16.self))
    case .float64: elements(UInt64.self).map { Float(Double(bitPattern: $0)) }
    case .bool, .uint8: elements(UInt8.self).map { Float($0) }
    case .int8: elements(Int8.self).map { Float($0) }
    case .uint16: elements(UInt16.self).map { Float($0) }
    case .int16: elements(Int16.self).map { Float($0) }
    case .uint32: elements(UInt32.self).map { Float($0) }
    case .int32: elements(Int32.self).map { Float($0) }
    case .uint64: elements(UInt64.self).map { Float($0) }
    case .int64: elements(Int64.self).map { Float($0) }
    case .float8E4M3, .float8E5M2: nil
    }
  }

  /// The elements in double precision where they are stored so.
  public var doubles: [Double]? {
    type == .float64 ? elements(UInt64.self).map { Double(bitPattern: $0) } : nil
  }

  private func elements<Element: FixedWidthInteger>(_ type: Element.Type) -> [Element] {
    bytes.withUnsafeBytes { bytes in
      (0..<count).map {
        Element(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Element>.size, as: type))
      }
    }
  }
}

private func littleEndianBytes<Element: FixedWidthInteger>(_ values: [Element]) -> Data {
  values.map(\.littleEndian).withUnsafeBytes { Data($0) }
}
