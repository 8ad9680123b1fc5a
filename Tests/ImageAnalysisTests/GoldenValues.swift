/// What Golden/golden.py writes.
struct GoldenValues: Decodable {
  struct Filtered: Decodable {
    var order: [Int]
    var values: [Float]
  }
  struct ComponentCount: Decodable {
    var threshold, connectivity, count: Int
    var sizes: [Int]
  }
  struct Skeleton: Decodable {
    var name: String
    var n: Int
    var shift: Double
    var voxels: [Int]
  }
  var gaussian: [Filtered]
  var narrow: [Float]
  var distance: [Float]
  var components: [ComponentCount]
  var skeletons: [Skeleton]
  var blobs, blobSkeleton, slice, sliceSkeleton: [Int]
}
