import Imaging

/// The discrete loss of GliODIL: how well a density in space and time obeys the growth equation, starts from a blob
/// and ends in what the scan shows.
///
/// The unknown is the whole field; the equation is a soft constraint. Each term is the mean over all cells of (W·q)²,
/// also those that live on one slice, as in the published program.
public final class DiscreteLoss {
  private let stream: LossStream
  private let plane: Int

  /// The loss of `problem`; keeps a few planes of scratch memory.
  public init(_ problem: GrowthProblem) {
    stream = LossStream(problem)
    plane = problem.grid.shape.x * problem.grid.shape.y
  }

  /// The terms of the loss of the density `field`, accumulated in double precision.
  public func terms(of field: SpaceTimeField, parameters: GrowthParameters) -> LossTerms {
    stream.run(parameters, access(to: field)).terms
  }

  /// The terms of the loss and their gradient: `gradient` receives the derivative with respect to every cell; the
  /// result holds that with respect to each of `GrowthParameters.coefficients`.
  public func terms(
    of field: SpaceTimeField, parameters: GrowthParameters, gradient: SpaceTimeField
  ) -> (terms: LossTerms, coefficients: [Double]) {
    var access = access(to: field)
    access.gradient = { [plane] k, z, values in
      (gradient[k] + z * plane).update(from: values, count: plane)
    }
    let result = stream.run(parameters, access)
    return (result.terms, result.gradient)
  }

  private func access(to field: SpaceTimeField) -> LossStream.Access {
    LossStream.Access(density: { [plane] k, z, target in
      target.update(from: field[k] + z * plane, count: plane)
    })
  }
}
