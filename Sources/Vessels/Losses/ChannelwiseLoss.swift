import NeuralNetworks

/// A loss of every channel by itself, its sums over the whole batch, averaged over the channels.
///
/// With two label conventions as two channels, a batch-summed overlap loss of both together would be ruled by the one with more
/// voxels.
public struct ChannelwiseLoss: Loss {
  /// The loss of one channel, of shape N 1 and spatial extents.
  public var loss: any Loss

  /// `loss` for each channel.
  public init(_ loss: any Loss) { self.loss = loss }

  /// The mean over the channels.
  public func evaluate(
    _ prediction: UnsafeBufferPointer<Float>, target: UnsafeBufferPointer<Float>, shape: [Int],
    gradient: UnsafeMutableBufferPointer<Float>
  ) -> Double {
    let (samples, channels) = (shape[0], shape[1])
    guard channels > 1 else {
      return loss.evaluate(prediction, target: target, shape: shape, gradient: gradient)
    }
    let volume = shape[2...].reduce(1, *)
    let part = UnsafeMutableBufferPointer<Float>.allocate(capacity: 3 * samples * volume)
    defer { part.deallocate() }
    part.initialize(repeating: 0)
    let size = samples * volume
    let x = UnsafeMutableBufferPointer(rebasing: part[0..<size])
    let t = UnsafeMutableBufferPointer(rebasing: part[size..<2 * size])
    let slopes = UnsafeMutableBufferPointer(rebasing: part[2 * size..<3 * size])
    let share = 1 / Float(channels)
    var value = 0.0
    for channel in 0..<channels {
      for sample in 0..<samples {
        let source = (sample * channels + channel) * volume..<(sample * channels + channel + 1) * volume
        let place = sample * volume..<(sample + 1) * volume
        _ = UnsafeMutableBufferPointer(rebasing: x[place]).update(fromContentsOf: prediction[source])
        _ = UnsafeMutableBufferPointer(rebasing: t[place]).update(fromContentsOf: target[source])
      }
      value +=
        loss.evaluate(
          UnsafeBufferPointer(x), target: UnsafeBufferPointer(t), shape: [samples, 1] + shape[2...],
          gradient: slopes) / Double(channels)
      for sample in 0..<samples {
        let target = (sample * channels + channel) * volume
        for voxel in 0..<volume { gradient[target + voxel] = share * slopes[sample * volume + voxel] }
      }
    }
    return value
  }
}
