import ImageAnalysis
import ImageFiles
import Imaging

/// Answers to bright tubes at several scales.
struct EnhanceVessels: Stage {
  enum Filter: String, ParameterChoice { case frangi, jerman }

  static let name = "vessels.enhance"
  static let summary = "Multi-scale vesselness from the eigenvalues of the Hessian."
  static let parameters = [
    Parameter("filter", \EnhanceVessels.filter, "Frangi et al. 1998 or Jerman et al. 2016"),
    Parameter(
      "sigmas_mm", \EnhanceVessels.sigmas, "the scales, about the radii of the vessels, in mm"),
    Parameter("alpha", \EnhanceVessels.alpha, "Frangi: tells plates from lines", in: 0.01...100),
    Parameter("beta", \EnhanceVessels.beta, "Frangi: tells blobs from lines", in: 0.01...100),
    Parameter(
      "structureness", \EnhanceVessels.structureness,
      "Frangi: c as a share of the greatest norm of the Hessian of a scale", in: 0.001...10),
    Parameter(
      "tau", \EnhanceVessels.tau, "Jerman: lower answers more evenly to weak vessels", in: 0.01...1),
  ]
  static let inputs = [StageInput("image", from: "prepare/image.nii.gz", "the image")]
  static let outputs = [StageOutput("vesselness.nii.gz", "the answer, 0 to 1")]

  var filter = Filter.frangi
  var sigmas = [0.5, 0.8, 1.3]
  var alpha = 0.5
  var beta = 0.5
  var structureness = 0.5
  var tau = 0.5

  func validate() throws {
    guard !sigmas.isEmpty, sigmas.count <= 20, sigmas.allSatisfy({ (0.05...50).contains($0) })
    else {
      throw WrongValue(
        found: sigmas.json.plainText, expected: "sigmas_mm: 1 to 20 numbers from 0.05 to 50")
    }
  }

  func run(_ context: StageContext) throws {
    let image = try NIfTIFile(path: context.input("image").path).readVolume()
    try context.progress(0.1)
    let measure: Vesselness.Measure =
      switch filter {
      case .frangi: .frangi(alpha: alpha, beta: beta, structureness: structureness)
      case .jerman: .jerman(tau: tau)
      }
    let response = try Vesselness(measure, sigmas: sigmas)(image.volume) {
      try context.progress(0.1 + 0.7 * $0, "\(filter.rawValue)")
    }
    try NIfTIWriter(like: image.header, displayRange: 0...1)
      .write(response, to: context.output("vesselness.nii.gz").path)
  }
}
