import Foundation
import Glioma
import Imaging

/// The discrete loss written a second time, straight from its definition: double precision, periodic rolls, one loop a
/// formula and no attention to speed. It shares nothing with the kernels it checks.
struct ReferenceLoss {
  let problem: GrowthProblem
  var nx: Int { problem.grid.shape.x }
  var ny: Int { problem.grid.shape.y }
  var nz: Int { problem.grid.shape.z }

  private func wrap(_ i: Int, _ n: Int) -> Int { (i % n + n) % n }
  private func at(_ i: Int, _ j: Int, _ k: Int) -> Int { wrap(i, nx) + nx * (wrap(j, ny) + ny * wrap(k, nz)) }

  /// Face diffusivity between cells a and b.
  private func face(_ a: Int, _ b: Int, _ p: GrowthParameters) -> Double {
    let (wm, gm) = (problem.tissue.white, problem.tissue.gray)
    guard Double(wm[a]) + Double(gm[a]) >= 0.1, Double(wm[b]) + Double(gm[b]) >= 0.1 else { return 0 }
    return p.diffusivity
      * ((Double(wm[a]) + Double(wm[b])) / 2 + (Double(gm[a]) + Double(gm[b])) / 2 / p.diffusivityRatio)
  }

  func laplacian(_ u: [Double], _ p: GrowthParameters) -> [Double] {
    let h = problem.grid.spacing
    var result = Array(repeating: 0.0, count: u.count)
    for k in 0..<nz {
      for j in 0..<ny {
        for i in 0..<nx {
          let c = at(i, j, k)
          let steps = [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
          for axis in 0..<3 {
            let s = steps[axis]
            let next = at(i + s.0, j + s.1, k + s.2)
            let previous = at(i - s.0, j - s.1, k - s.2)
            let position = [i, j, k][axis]
            let extent = [nx, ny, nz][axis]
            var plus = face(c, next, p)
            var minus = face(previous, c, p)
            switch problem.scheme {
            case .correct:
              if position == extent - 1 { plus = 0 }
              if position == 0 { minus = 0 }
            case .compatForward:
              if axis == 2 { plus = face(c, at(i, j + 1, k), p) }
            case .compat:
              if axis == 2 { plus = face(c, at(i, j + 1, k), p) }
              (plus, minus) = (minus, plus)
            }
            result[c] += (plus * (u[next] - u[c]) - minus * (u[c] - u[previous])) / (h[axis] * h[axis])
          }
        }
      }
    }
    return result
  }

  func terms(_ u: [[Double]], _ p: GrowthParameters) -> LossTerms {
    let n = u.count
    let w = problem.weights
    let cells = Double(n * nx * ny * nz)
    let dt = problem.grid.timeStep
    let strict = problem.scheme == .correct
    let matter = (0..<nx * ny * nz).map {
      Double(problem.tissue.white[$0]) + Double(problem.tissue.gray[$0]) >= 0.1
    }
    func growth(_ v: Double, _ c: Int) -> Double { strict && !matter[c] ? 0 : abs(v) * (1 - v) }
    var t = LossTerms()
    for m in 1..<n {
      let mean = laplacian(zip(u[m], u[m - 1]).map { $0 + $1 }, p)
      for c in u[m].indices {
        let r =
          (u[m][c] - u[m - 1][c]) / dt - 0.5 * mean[c]
          - 0.5 * p.proliferationRate * (growth(u[m][c], c) + growth(u[m - 1][c], c))
        t.residual += w.residual * w.residual * r * r / cells
      }
    }
    for m in 0..<n {
      for c in u[m].indices {
        let outside = abs(u[m][c] - min(max(u[m][c], 0), 1))
        t.range += w.range * w.range * outside * outside / cells
        if !matter[c] { t.fluid += pow(w.fluid * u[m][c], 2) / cells }
      }
    }
    for k in 0..<nz {
      for j in 0..<ny {
        for i in 0..<nx {
          let c = at(i, j, k)
          let live = !strict || matter[c]
          var g = 0.0
          for focus in p.foci {
            let d =
              (SIMD3(Double(i) + 0.5, Double(j) + 0.5, Double(k) + 0.5) * problem.grid.spacing) - focus
            let q = (d * d).sum()
            let b = 1500 / pow(4 * Double.pi * 15, 1.5) * exp(-q / problem.blob.squaredWidth)
            if b > 0.1 { g += min(b, 1) }
          }
          g = live ? min(g, 1) : 0
          t.initialCondition += pow(w.initialCondition * (u[0][c] - g), 2) / cells
          guard live else { continue }
          let v = u[n - 1][c]
          let label = problem.observation.labels[c]
          let lower = label == 2 ? p.upperThreshold : label == 1 ? p.lowerThreshold : 0
          let upper = label == 2 ? 1 : label == 1 ? p.upperThreshold : p.lowerThreshold
          t.dataLow += pow(w.data * max(lower - v, 0), 2) / cells
          t.dataHigh += pow(w.data * max(v - upper, 0), 2) / cells
          if let pet = problem.observation.pet, pet[c] > 0.1 {
            t.pet += pow(w.pet * (v - p.petSlope * (Double(pet[c]) - p.petBackground)), 2) / cells
          }
        }
      }
    }
    func over(_ v: Double, _ bound: Double) -> Double { max(v - bound, 0) }
    func under(_ v: Double, _ bound: Double) -> Double { max(bound - v, 0) }
    let violation =
      over(p.petSlope, 1.02) + under(p.petSlope, 0.5) + over(p.lowerThreshold, 0.5)
      + under(p.lowerThreshold, 0.2) + over(p.upperThreshold, 0.85) + under(p.upperThreshold, 0.5)
      + over(p.diffusivity, 10) + under(p.diffusivity, 0.01) + under(p.proliferationRate, 0.02)
      + over(p.diffusivityRatio, 1000) + under(p.diffusivityRatio, 10) + over(p.petBackground, 0.5)
    t.bounds = pow(w.bounds * violation, 2)
    return t
  }
}
