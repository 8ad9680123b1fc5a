import ImageAnalysis
import ImageFiles
import Imaging
import Pipelines

/// Smooths an image before the vesselness filter sees it.
struct Denoise: Stage {
  static let name = "example.denoise"
  static let summary = "A Gaussian filter against noise."
  static let parameters = [
    Parameter("sigma_mm", \Denoise.sigma, "standard deviation of the Gaussian in mm", in: 0.05...5)
  ]
  static let inputs = [StageInput("image", from: "prepare/image.nii.gz", "the image")]
  static let outputs = [StageOutput("denoised.nii.gz", "the smoothed image")]

  var sigma = 0.5

  func run(_ context: StageContext) throws {
    let image = try NIfTIFile(path: context.input("image").path).readVolume()
    try context.progress(0.3, "smoothing")
    let smooth = image.volume.gaussianSmoothed(sigma: sigma)
    try NIfTIWriter(like: image.header).write(smooth, to: context.output("denoised.nii.gz").path)
  }
}
