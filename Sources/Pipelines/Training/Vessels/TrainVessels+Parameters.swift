extension TrainVessels {
  static let parameters: [Parameter<TrainVessels>] =
    networkParameters + patchParameters + optimizationParameters + lossParameters + validationParameters

  private static let networkParameters: [Parameter<TrainVessels>] = [
    Parameter("network", \.network, "U-Net, U-Net with outputs at three scales (DS6), or attention U-Net"),
    Parameter("width", \.width, "channels at full resolution; 64 in the papers", in: 4...128),
    Parameter(
      "negative_slope", \.negativeSlope, "slope of the activation below 0; 0.01 in SPOCKMIP", in: 0...1),
    Parameter(
      "outputs", \.outputs, "the label convention of each output channel; both for synthetic patches only"),
    Parameter(
      "normalization", \.normalization, "how intensities are scaled: by the scan's 99.9th percentile, or else"
    ),
    Parameter("start", \.start, "a model to begin with, of the same network"),
    Parameter("precision", \.precision, "what activations are stored as; auto is bf16 where the CPU has it"),
    Parameter("seed", \.seed, "seeds weights, patches and folds", in: 0...1_000_000),
  ]

  private static let patchParameters: [Parameter<TrainVessels>] = [
    Parameter("patch", \.patch, "side of a patch, in voxels, a multiple of 16", in: 16...256),
    Parameter("batch", \.batch, "patches a step, deformed twins not counted", in: 1...64),
    Parameter(
      "image_only", \.imageOnly, "of these, from cases without a label; they train by consistency alone",
      in: 0...64),
    Parameter("synthetic", \.synthetic, "of these, new synthetic patches", in: 0...64),
    Parameter("replayed", \.replayed, "of these, synthetic patches of earlier steps, turned", in: 0...64),
    Parameter(
      "foreground", \.foreground, "share of patches that hold a labelled vessel; the rest lies anywhere",
      in: 0...1),
    Parameter(
      "augmentation", \.augmentation,
      "turns, zoom, elastic, bias, gain, gamma, blur, low resolution, noise; or none"),
    Parameter(
      "loaders", \.loaders, "threads that make patches while the network trains; 0 makes them in between",
      in: 0...64),
  ]

  private static let optimizationParameters: [Parameter<TrainVessels>] = [
    Parameter("epochs", \.epochs, "epochs", in: 1...100_000),
    Parameter("steps", \.steps, "steps an epoch", in: 1...1_000_000),
    Parameter("optimizer", \.optimizer, "AdamW, SGD with Nesterov momentum, or Muon"),
    Parameter("learning_rate", \.learningRate, "the highest learning rate", in: 1e-8...10),
    Parameter("weight_decay", \.weightDecay, "decoupled weight decay", in: 0...1),
    Parameter("schedule", \.schedule, "how the rate falls; cool-down is constant but for the last steps"),
    Parameter("warm_up", \.warmUp, "first steps, over which the rate rises", in: 0...1_000_000),
    Parameter(
      "cool_down", \.coolDown, "last steps, over which the rate falls with schedule cool-down",
      in: 1...1_000_000),
    Parameter("gradient_limit", \.gradientLimit, "longest gradient; longer ones are shortened"),
    Parameter(
      "average", \.average,
      "decay of the average of the weights, which becomes the model; none for no average"),
  ]

  private static let lossParameters: [Parameter<TrainVessels>] = [
    Parameter(
      "tversky_alpha", \.alpha,
      "weight of missed voxels in the focal Tversky loss of the scales; projections keep 0.7", in: 0...1),
    Parameter("tversky_gamma", \.gamma, "exponent of that loss; projections keep 0.75", in: 0.1...5),
    Parameter("cross_entropy", \.crossEntropy, "weight of cross-entropy beside it", in: 0...1000),
    Parameter(
      "positive_weight", \.positiveWeight, "weight of vessel voxels in the cross-entropy", in: 0.01...1000),
    Parameter(
      "positive_steps", \.positiveSteps, "steps over which that weight falls to 1; 0 to keep it",
      in: 0...10_000_000),
    Parameter("skeleton_recall", \.skeletonRecall, "weight of the skeleton recall loss", in: 0...100),
    Parameter("cldice", \.centrelineDice, "weight of the soft centreline Dice loss", in: 0...100),
    Parameter(
      "consistency", \.consistency,
      "weight of the deformation consistency (DS6: 1); 0 trains no deformed twins", in: 0...100),
    Parameter("consistency_ramp", \.consistencyRamp, "steps over which that weight rises", in: 0...1_000_000),
    Parameter("consistency_distance", \.distance, "how twins are compared; legacyDS6 is the paper's code"),
    Parameter("stop_gradient", \.stopsGradient, "whether only the deformed twin learns from the consistency"),
    Parameter("knot_spacing", \.knotSpacing, "knots of the twins' deformation, in voxels", in: 2...64),
    Parameter("displacement", \.displacement, "its greatest displacement, in voxels", in: 0...32),
    Parameter("mip", \.projections, "axes of the projection loss (SPOCKMIP)"),
    Parameter(
      "mip_weight", \.projectionWeight, "its weight; the rest is multiplied by 1 minus it", in: 0...1),
    Parameter(
      "mip_target", \.projectionTarget,
      "projections of the label's patch, or of the whole volume as published"),
    Parameter("mip_sum", \.sumsProjections, "whether axes are summed as published, or averaged"),
  ]

  private static let validationParameters: [Parameter<TrainVessels>] = [
    Parameter(
      "validation", \.validation, "share of the labelled cases that are kept for validation", in: 0...0.9),
    Parameter("validation_cases", \.validationCases, "the cases to keep instead, by id"),
    Parameter("validation_interval", \.validationInterval, "epochs between validations", in: 1...100_000),
    Parameter(
      "folds", \.folds, "folds of a cross-validation, whose models make an ensemble; 0 for none", in: 0...20),
    Parameter("fold", \.fold, "train this fold only, as jobs of a cluster do; 0 for all", in: 0...20),
    Parameter("selection", \.selection, "the epoch whose weights become the model"),
    Parameter(
      "patience", \.patience, "validations without improvement after which the training ends; none to go on"),
  ]
}
