import Imaging
import Numerics

/// A filter that answers to bright tubes, at several scales; the response of a voxel is the greatest of all scales.
public struct Vesselness: Sendable, Hashable, Codable {
  /// How the eigenvalues of the Hessian become a response.
  public enum Measure: Sendable, Hashable, Codable {
    /// Frangi, Niessen, Vincken and Viergever (MICCAI 1998, equations 13 and 15), for bright vessels.
    ///
    /// With |λ1| ≤ |λ2| ≤ |λ3|, R_A = |λ2| / |λ3|, R_B = |λ1| / √|λ2 λ3| and S = ‖λ‖:
    /// `(1 − exp(−R_A² / 2α²)) exp(−R_B² / 2β²) (1 − exp(−S² / 2c²))`, 0 where λ2 or λ3 is positive.
    /// `structureness` is c as a share of the greatest S of the scale; the paper takes half.
    case frangi(alpha: Double = 0.5, beta: Double = 0.5, structureness: Double = 0.5)
    /// Jerman, Pernuš, Likar and Špiclin (IEEE TMI 2016, equations 13 and 14).
    ///
    /// With the signs turned, λ2 ≤ λ3 of bright vessels being positive, λρ = λ3 but at least τ times the greatest λ3 of the
    /// scale: 1 where λ2 ≥ λρ / 2, else `λ2² (λρ − λ2) (3 / (λ2 + λρ))³`.
    case jerman(tau: Double = 0.5)
  }

  /// The measure.
  public var measure: Measure
  /// The scales, standard deviations in mm: from the radius of the vessels sought over √2 up to the radius itself.
  public var sigmas: [Double]

  /// A filter of `measure` at `sigmas` (mm).
  public init(_ measure: Measure, sigmas: [Double]) {
    precondition(!sigmas.isEmpty && sigmas.allSatisfy { $0 > 0 && $0.isFinite }, "scales above 0 mm")
    self.measure = measure
    self.sigmas = sigmas
  }

  /// The response in [0, 1], on the image's grid.
  public func callAsFunction(_ image: Volume<Float>) -> Volume<Float> { self(image) { _ in } }

  /// The response in [0, 1], on the image's grid; `progress` is called after each scale with the share done.
  public func callAsFunction(
    _ image: Volume<Float>, progress: (Double) throws -> Void
  ) rethrows -> Volume<Float> {
    var response = Volume<Float>(grid: image.grid, filledWith: 0)
    guard image.shape.count > 0 else { return response }
    var parts = (
      Volume<Float>(grid: image.grid, filledWith: 0), Volume<Float>(grid: image.grid, filledWith: 0)
    )
    for (index, sigma) in sigmas.enumerated() {
      let filter = HessianFilter(sigma: sigma, spacing: image.grid.spacing)
      switch measure {
      case .frangi(let alpha, let beta, let structureness):
        Frangi(alpha: Float(alpha), beta: Float(beta), structureness: Float(structureness))
          .respond(filter, image, &parts, &response)
      case .jerman(let tau):
        Jerman(tau: Float(tau)).respond(filter, image, &parts, &response)
      }
      try progress(Double(index + 1) / Double(sigmas.count))
    }
    return response
  }
}

/// A measure in two sweeps: what of it a voxel's eigenvalues decide, then what depends on the greatest value of the scale.
protocol TubeMeasure: Sendable {
  typealias Lanes = SIMD16<Float>

  /// Two numbers to keep of eigenvalues ordered by magnitude; the greatest `second` of the scale is the reference.
  func keep(_ l1: Lanes, _ l2: Lanes, _ l3: Lanes) -> (first: Lanes, second: Lanes)

  /// The response of kept numbers, given the greatest `second`.
  func response(_ first: Lanes, _ second: Lanes, greatest: Float) -> Lanes
}

extension TubeMeasure {
  @inline(__always)
  fileprivate func respond(
    _ filter: HessianFilter, _ image: Volume<Float>, _ parts: inout (Volume<Float>, Volume<Float>),
    _ response: inout Volume<Float>
  ) {
    let (nx, count) = (image.shape.x, image.shape.count)
    parts.0.withMutableVoxels { first in
      parts.1.withMutableVoxels { second in
        response.withMutableVoxels { response in
          nonisolated(unsafe) let (first, second) = (first.baseAddress!, second.baseAddress!)
          nonisolated(unsafe) let response = response.baseAddress!
          filter.forEachRow(of: image) { start, row in
            forEachRowBlock(nx) { x, lanes in
              let (l1, l2, l3) = row.matrices(x).eigenvaluesByMagnitude()
              let kept = keep(l1, l2, l3)
              storeRow(kept.first, first, start + x, lanes)
              storeRow(kept.second, second, start + x, lanes)
            }
          }
          let greatest = Parallel.mapSlabs(of: 0..<count) { slab in greatestValue(second, slab) }.max() ?? 0
          guard greatest > 0 else { return }
          Parallel.forEachSlab(of: 0..<count) { slab in
            forEachRowBlock(slab.count) { offset, lanes in
              let p = slab.lowerBound + offset
              if lanes == 16 {
                let value = self.response(load(first, p), load(second, p), greatest: greatest)
                store(greater(load(response, p), value), response, p)
              } else {
                for voxel in p..<p + lanes {
                  let value = self.response(
                    Lanes(repeating: first[voxel]), Lanes(repeating: second[voxel]), greatest: greatest)
                  response[voxel] = max(response[voxel], value[0])
                }
              }
            }
          }
        }
      }
    }
  }
}

private func greatestValue(_ values: UnsafePointer<Float>, _ range: Range<Int>) -> Float {
  if range.count < 16 { return range.reduce(0) { max($0, values[$1]) } }
  var greatest = SIMD16<Float>.zero
  forEachLaneOffset(range.count) { greatest = greater(greatest, load(values, range.lowerBound + $0)) }
  return greatest.max()
}
