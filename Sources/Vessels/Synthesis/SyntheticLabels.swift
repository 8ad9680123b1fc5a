import Imaging

/// The labels of a synthetic angiography.
struct Labels {
  var all: [UInt8]
  var bright: [UInt8]

  /// A signal below this many standard deviations of the noise cannot be seen.
  private static let visible: Float = 2.5
  /// The `bright` convention starts at this fraction of the brightest value.
  private static let nearSaturation: Float = 0.84

  /// `all`: voxels that are mostly vessel after the scanner's blur, and those that a centre line passes, so that a
  /// vessel thinner than a voxel is not broken where it runs between voxel centres; both only where the vessel
  /// can be seen. `bright`: voxels touched by a vessel where the image without noise nears saturation.
  init(
    cleanImage: [Float], vesselSignal: [Float], partialVolume: [Float], centreline: [UInt8],
    angiography: SyntheticAngiography
  ) {
    let count = cleanImage.count
    let visible = Labels.visible * angiography.acquisition.noise
    let threshold = angiography.labelThreshold
    let isClipped = angiography.acquisition.isClipped
    all = Array(repeating: 0, count: count)
    bright = Array(repeating: 0, count: count)
    for index in 0..<count {
      // What clipping leaves of the vessel's contrast: none in tissue that is saturated itself.
      let clean = cleanImage[index]
      let signal = isClipped ? min(1, clean) - min(1, clean - vesselSignal[index]) : vesselSignal[index]
      let isVessel = partialVolume[index] > threshold || centreline[index] == 1
      if isVessel, signal > visible { all[index] = 1 }
      if isVessel || partialVolume[index] > 0.2, clean >= Labels.nearSaturation {
        bright[index] = 1
      }
    }
  }
}
