/// What a sweep over voxels met.
struct VoxelTally: Sendable, Equatable {
  /// NaN or infinite as stored; delivered as 0.
  var nonfinite = 0
  /// Finite as stored, beyond the range of the delivered type; delivered as 0.
  var overflowed = 0
  /// Not whole numbers where labels are wanted; delivered as 0.
  var fractional = 0
  /// The first few of the values that cannot be labels.
  var examples: [Double] = []

  static func + (left: VoxelTally, right: VoxelTally) -> VoxelTally {
    VoxelTally(
      nonfinite: left.nonfinite + right.nonfinite, overflowed: left.overflowed + right.overflowed,
      fractional: left.fractional + right.fractional,
      examples: (left.examples + right.examples).reduce(into: []) { kept, value in
        if kept.count < 8, !kept.contains(value) { kept.append(value) }
      })
  }

  mutating func addExample(_ value: Double) {
    if examples.count < 8, !examples.contains(value) { examples.append(value) }
  }
}

/// How stored numbers become values.
struct VoxelDecoding: Sendable {
  let datatype: NIfTIDatatype
  let isSwapped: Bool
  /// value = slope · stored + intercept, in double; nil where stored numbers are the values.
  let scaling: SIMD2<Double>?

  init(_ header: NIfTIHeader) {
    datatype = header.datatype
    isSwapped = header.isBigEndian != (Int(1).bigEndian == 1)
    scaling = header.scaling.map { [$0.slope, $0.intercept] }
  }

  /// Converts `count` stored numbers to Float. The two regions may overlap if `destination` never runs ahead of
  /// `source`.
  func floats(
    from source: UnsafeRawPointer, to destination: UnsafeMutablePointer<Float>, count: Int
  ) -> VoxelTally {
    switch datatype {
    case .uint8: floats(UInt8.self, source, destination, count)
    case .int8: floats(Int8.self, source, destination, count)
    case .uint16: floats(UInt16.self, source, destination, count)
    case .int16: floats(Int16.self, source, destination, count)
    case .uint32: floats(UInt32.self, source, destination, count)
    case .int32: floats(Int32.self, source, destination, count)
    case .uint64: floats(UInt64.self, source, destination, count)
    case .int64: floats(Int64.self, source, destination, count)
    case .float32: floats(Float.self, source, destination, count)
    case .float64: floats(Double.self, source, destination, count)
    }
  }

  /// The same for labels: whole numbers within 1e-4, in the range of Int32.
  func labels(
    from source: UnsafeRawPointer, to destination: UnsafeMutablePointer<Int32>, count: Int
  ) -> VoxelTally {
    switch datatype {
    case .uint8: labels(UInt8.self, source, destination, count) { Int32($0) }
    case .int8: labels(Int8.self, source, destination, count) { Int32($0) }
    case .uint16: labels(UInt16.self, source, destination, count) { Int32($0) }
    case .int16: labels(Int16.self, source, destination, count) { Int32($0) }
    case .int32: labels(Int32.self, source, destination, count) { $0 }
    case .uint32: labels(UInt32.self, source, destination, count, exactly: nil)
    case .uint64: labels(UInt64.self, source, destination, count, exactly: nil)
    case .int64: labels(Int64.self, source, destination, count, exactly: nil)
    case .float32: labels(Float.self, source, destination, count, exactly: nil)
    case .float64: labels(Double.self, source, destination, count, exactly: nil)
    }
  }

  /// Runs `body` on `count` stored numbers as doubles, scaled.
  func statistics(of source: UnsafeRawPointer, count: Int) -> VoxelStatistics {
    switch datatype {
    case .uint8: statistics(UInt8.self, source, count)
    case .int8: statistics(Int8.self, source, count)
    case .uint16: statistics(UInt16.self, source, count)
    case .int16: statistics(Int16.self, source, count)
    case .uint32: statistics(UInt32.self, source, count)
    case .int32: statistics(Int32.self, source, count)
    case .uint64: statistics(UInt64.self, source, count)
    case .int64: statistics(Int64.self, source, count)
    case .float32: statistics(Float.self, source, count)
    case .float64: statistics(Double.self, source, count)
    }
  }

  // MARK: - For one stored type

  @inline(__always)
  private func floats<Stored: StoredVoxel>(
    _: Stored.Type, _ source: UnsafeRawPointer, _ destination: UnsafeMutablePointer<Float>, _ count: Int
  ) -> VoxelTally {
    if let scaling {
      let (slope, intercept) = (scaling.x, scaling.y)
      return finite(source, destination, count) { (stored: Stored) in
        (stored.double * slope + intercept, Float(stored.double * slope + intercept))
      }
    }
    if Stored.isAlwaysFinite {
      sweep(source, destination, count) { (stored: Stored) in stored.float }
      return VoxelTally()
    }
    return finite(source, destination, count) { (stored: Stored) in (stored.double, stored.float) }
  }

  /// Delivers `transform`'s second value where it is finite, else 0, and counts why.
  @inline(__always)
  private func finite<Stored: StoredVoxel>(
    _ source: UnsafeRawPointer, _ destination: UnsafeMutablePointer<Float>, _ count: Int,
    _ transform: (Stored) -> (exact: Double, rounded: Float)
  ) -> VoxelTally {
    var bad = 0
    var overflowed = 0
    sweep(source, destination, count) { (stored: Stored) in
      let (exact, rounded) = transform(stored)
      let isFinite = rounded.isFinite
      bad &+= isFinite ? 0 : 1
      overflowed &+= !isFinite && (Stored.isAlwaysFinite || exact.isFinite) ? 1 : 0
      return isFinite ? rounded : 0
    }
    return VoxelTally(nonfinite: bad - overflowed, overflowed: overflowed)
  }

  @inline(__always)
  private func labels<Stored: StoredVoxel>(
    _: Stored.Type, _ source: UnsafeRawPointer, _ destination: UnsafeMutablePointer<Int32>, _ count: Int,
    exactly: ((Stored) -> Int32)?
  ) -> VoxelTally {
    if scaling == nil, let exactly {
      sweep(source, destination, count, exactly)
      return VoxelTally()
    }
    let (slope, intercept) = (scaling?.x ?? 1, scaling?.y ?? 0)
    var tally = VoxelTally()
    sweep(source, destination, count) { (stored: Stored) in
      let value = stored.double * slope + intercept
      let whole = value.rounded()
      if abs(value - whole) <= 1e-4, abs(whole) <= 2_147_483_647 { return Int32(whole) }
      if !value.isFinite {
        tally.nonfinite += 1
      } else {
        if abs(whole) > 2_147_483_647 { tally.overflowed += 1 } else { tally.fractional += 1 }
        tally.addExample(value)
      }
      return 0
    }
    return tally
  }

  @inline(__always)
  private func labels<Stored: StoredVoxel>(
    _ type: Stored.Type, _ source: UnsafeRawPointer, _ destination: UnsafeMutablePointer<Int32>, _ count: Int,
    _ exactly: @escaping (Stored) -> Int32
  ) -> VoxelTally { labels(type, source, destination, count, exactly: exactly) }

  @inline(__always)
  private func statistics<Stored: StoredVoxel>(
    _: Stored.Type, _ source: UnsafeRawPointer, _ count: Int
  ) -> VoxelStatistics {
    let (slope, intercept) = (scaling?.x ?? 1, scaling?.y ?? 0)
    var result = VoxelStatistics()
    var place = source
    for _ in 0..<count {
      let raw = place.loadUnaligned(as: Stored.self)
      let value = (isSwapped ? raw.swapped : raw).double * slope + intercept
      if value.isFinite {
        result.minimum = min(result.minimum, value)
        result.maximum = max(result.maximum, value)
        result.sum += value
      } else {
        result.nonfinite += 1
      }
      place += MemoryLayout<Stored>.size
    }
    result.count = count
    return result
  }

  @inline(__always)
  private func sweep<Stored: StoredVoxel, Output>(
    _ source: UnsafeRawPointer, _ destination: UnsafeMutablePointer<Output>, _ count: Int,
    _ transform: (Stored) -> Output
  ) {
    var from = source
    var to = destination
    if isSwapped {
      for _ in 0..<count {
        to.initialize(to: transform(from.loadUnaligned(as: Stored.self).swapped))
        from += MemoryLayout<Stored>.size
        to += 1
      }
    } else {
      for _ in 0..<count {
        to.initialize(to: transform(from.loadUnaligned(as: Stored.self)))
        from += MemoryLayout<Stored>.size
        to += 1
      }
    }
  }
}
