import Imaging

/// The discrete loss of GliODIL: how well a density in space and time obeys the growth equation, starts from a blob
/// and ends in what the scan shows.
///
/// The unknown is the whole field; the equation is a soft constraint. Each term is the mean over all cells of (W·q)²,
/// also those that live on one slice, as in the published program.
public final class DiscreteLoss {
  private let stream: LossStream

  /// The loss of `problem`; keeps a few slices of scratch memory.
  public init(_ problem: GrowthProblem) { stream = LossStream(problem) }

  /// The terms of the loss of the density `field`, accumulated in double precision.
  public func terms(of field: SpaceTimeField, parameters: GrowthParameters) -> LossTerms {
    stream.run(parameters, .init(density: { field[$0] })).terms
  }

  /// The terms of the loss and their gradient: `gradient` receives the derivative with respect to every cell; the
  /// result holds that with respect to each of `GrowthParameters.coefficients`.
  public func terms(
    of field: SpaceTimeField, parameters: GrowthParameters, gradient: SpaceTimeField
  ) -> (terms: LossTerms, coefficients: [Double]) {
    let result = stream.run(parameters, .init(density: { field[$0] }, gradient: { gradient[$0] }))
    return (result.terms, result.gradient)
  }
}
