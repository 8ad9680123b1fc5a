/// A number as a NIfTI file stores it.
protocol StoredVoxel {
  var swapped: Self { get }
  var float: Float { get }
  var double: Double { get }
  /// Whether every value is a finite number, also as a Float.
  static var isAlwaysFinite: Bool { get }
}

// The conversions are spelled out for each type: the generic ones of the standard library go through a slow path.
extension UInt8: StoredVoxel {
  var swapped: UInt8 { self }
  var float: Float { Float(self) }
  var double: Double { Double(self) }
  static var isAlwaysFinite: Bool { true }
}
extension Int8: StoredVoxel {
  var swapped: Int8 { self }
  var float: Float { Float(self) }
  var double: Double { Double(self) }
  static var isAlwaysFinite: Bool { true }
}
extension UInt16: StoredVoxel {
  var swapped: UInt16 { byteSwapped }
  var float: Float { Float(self) }
  var double: Double { Double(self) }
  static var isAlwaysFinite: Bool { true }
}
extension Int16: StoredVoxel {
  var swapped: Int16 { byteSwapped }
  var float: Float { Float(self) }
  var double: Double { Double(self) }
  static var isAlwaysFinite: Bool { true }
}
extension UInt32: StoredVoxel {
  var swapped: UInt32 { byteSwapped }
  var float: Float { Float(self) }
  var double: Double { Double(self) }
  static var isAlwaysFinite: Bool { true }
}
extension Int32: StoredVoxel {
  var swapped: Int32 { byteSwapped }
  var float: Float { Float(self) }
  var double: Double { Double(self) }
  static var isAlwaysFinite: Bool { true }
}
extension UInt64: StoredVoxel {
  var swapped: UInt64 { byteSwapped }
  var float: Float { Float(self) }
  var double: Double { Double(self) }
  static var isAlwaysFinite: Bool { true }
}
extension Int64: StoredVoxel {
  var swapped: Int64 { byteSwapped }
  var float: Float { Float(self) }
  var double: Double { Double(self) }
  static var isAlwaysFinite: Bool { true }
}
extension Float: StoredVoxel {
  var swapped: Float { Float(bitPattern: bitPattern.byteSwapped) }
  var float: Float { self }
  var double: Double { Double(self) }
  static var isAlwaysFinite: Bool { false }
}
extension Double: StoredVoxel {
  var swapped: Double { Double(bitPattern: bitPattern.byteSwapped) }
  var float: Float { Float(self) }
  var double: Double { self }
  static var isAlwaysFinite: Bool { false }
}
