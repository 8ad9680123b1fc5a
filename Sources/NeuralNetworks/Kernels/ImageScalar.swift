import COneDNN

/// A scalar that images in a plan are stored as; arithmetic is always in `Float`.
protocol ImageScalar: BitwiseCopyable {
  static func load16(_ place: UnsafePointer<Self>) -> SIMD16<Float>
  static func load8(_ place: UnsafePointer<Self>) -> SIMD8<Float>
  static func store16(_ value: SIMD16<Float>, _ place: UnsafeMutablePointer<Self>)
  static func store8(_ value: SIMD8<Float>, _ place: UnsafeMutablePointer<Self>)
  init(_ value: Float)
  var float: Float { get }
}

extension Float: ImageScalar {
  @inline(__always) static func load16(_ place: UnsafePointer<Float>) -> SIMD16<Float> {
    UnsafeRawPointer(place).loadUnaligned(as: SIMD16<Float>.self)
  }
  @inline(__always) static func load8(_ place: UnsafePointer<Float>) -> SIMD8<Float> {
    UnsafeRawPointer(place).loadUnaligned(as: SIMD8<Float>.self)
  }
  @inline(__always) static func store16(_ value: SIMD16<Float>, _ place: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(place).storeBytes(of: value, as: SIMD16<Float>.self)
  }
  @inline(__always) static func store8(_ value: SIMD8<Float>, _ place: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(place).storeBytes(of: value, as: SIMD8<Float>.self)
  }
  @inline(__always) var float: Float { self }
}

/// The upper half of a `Float`: 8 bits of exponent, 7 of fraction; rounded to nearest, ties to even.
struct BFloat16: ImageScalar {
  var bits: UInt16

  @inline(__always) init(_ value: Float) {
    let bits = value.bitPattern
    self.bits = UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
  }
  @inline(__always) var float: Float { Float(bitPattern: UInt32(bits) << 16) }

  @inline(__always) static func load16(_ place: UnsafePointer<BFloat16>) -> SIMD16<Float> {
    nn_from_bfloat16(UnsafeRawPointer(place).loadUnaligned(as: SIMD16<UInt16>.self))
  }
  @inline(__always) static func load8(_ place: UnsafePointer<BFloat16>) -> SIMD8<Float> {
    nn_from_bfloat8(UnsafeRawPointer(place).loadUnaligned(as: SIMD8<UInt16>.self))
  }
  @inline(__always) static func store16(_ value: SIMD16<Float>, _ place: UnsafeMutablePointer<BFloat16>) {
    UnsafeMutableRawPointer(place).storeBytes(of: nn_to_bfloat16(value), as: SIMD16<UInt16>.self)
  }
  @inline(__always) static func store8(_ value: SIMD8<Float>, _ place: UnsafeMutablePointer<BFloat16>) {
    UnsafeMutableRawPointer(place).storeBytes(of: nn_to_bfloat8(value), as: SIMD8<UInt16>.self)
  }
}

extension ImageScalar {
  /// The first `count` lanes from memory, zeros behind.
  @inline(__always) static func load(_ place: UnsafePointer<Self>, _ count: Int) -> SIMD16<Float> {
    if count >= 16 { return load16(place) }
    if count == 8 { return SIMD16(lowHalf: load8(place), highHalf: .zero) }
    var value = SIMD16<Float>.zero
    for lane in 0..<count { value[lane] = place[lane].float }
    return value
  }

  /// The first `count` lanes to memory.
  @inline(__always)
  static func store(_ value: SIMD16<Float>, _ place: UnsafeMutablePointer<Self>, _ count: Int) {
    if count >= 16 { return store16(value, place) }
    if count == 8 { return store8(value.lowHalf, place) }
    for lane in 0..<count { place[lane] = Self(value[lane]) }
  }
}
