import Foundation

/// The cases of a folder, paired with their labels by exact id.
public struct CaseDiscovery: Sendable {
  /// How the folder is laid out.
  public let layout: FolderLayout
  /// The cases, sorted by id.
  public private(set) var cases: [Case] = []
  /// What was left out or looks odd, one line each.
  public private(set) var remarks: [String] = []

  /// Find the cases of `folder`.
  /// - Parameters:
  ///   - kind: What a case is.
  ///   - labels: The folder of labels, where it is not part of the layout.
  ///   - output: The folder of results, which is never a case.
  /// - Throws: ``PipelineError``: no such folder, no cases, two cases or two labels with one id.
  public init(folder: URL, kind: CaseKind, labels: URL? = nil, output: URL? = nil) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) else {
      throw PipelineError.noInput("\(folder.path): no such folder")
    }
    guard isFolder.boolValue else {
      throw PipelineError.badData(
        "\(folder.path): a file; a folder of cases is expected. Use 'malpighi run' for one.")
    }
    let listing = try FolderListing(folder)
    layout = FolderLayout.detect(listing, kind)
    remarks = listing.leftOut
    var inputs = try Self.inputs(listing, layout, kind, output: output, remarks: &remarks)
    guard !inputs.isEmpty else {
      throw PipelineError.noInput(
        "\(folder.path): no cases found (\(layout.inWords); \(Self.expectation(kind)) expected). "
          + "'malpighi inspect FILE' names a converter for DICOM, TIFF and others.")
    }
    let labelFiles: [String: URL]
    if layout == .flat && labels == nil {
      labelFiles = try NeighbouringLabels.take(from: &inputs)
      if !labelFiles.isEmpty {
        let names = labelFiles.values.map(\.lastPathComponent).sorted()
        remarks.append("\(names.count) files are labels of the scans beside them: \(shortList(names))")
      }
    } else {
      labelFiles = try Self.labels(listing, layout, kind, explicit: labels, remarks: &remarks)
    }
    cases = inputs.keys.sorted().map { id in
      Case(id: id, input: inputs[id] ?? folder, label: Self.label(for: id, layout, labelFiles))
    }
    noteUnmatched(labelFiles)
    noteTwins()
  }

  private static func expectation(_ kind: CaseKind) -> String {
    switch kind {
    case .volume: "*.nii.gz or *.nii"
    case .image: "*.png or *.jpg"
    case .folder: "one folder a case"
    }
  }

  // MARK: - Inputs

  private static func inputs(
    _ listing: FolderListing, _ layout: FolderLayout, _ kind: CaseKind, output: URL?,
    remarks: inout [String]
  ) throws -> [String: URL] {
    switch layout {
    case .flat: return try files(of: listing, kind, remarks: &remarks)
    case .imagesAndLabels:
      return try files(of: try FolderListing(listing.url("images")), kind, remarks: &remarks)
    case .nnUNet:
      let name = listing.folders.contains("imagesTr") ? "imagesTr" : "imagesTs"
      return try channels(of: try FolderListing(listing.url(name)), kind, remarks: &remarks)
    case .bids: return try angiographies(below: listing, remarks: &remarks)
    case .patients:
      let results = output?.standardizedFileURL.path
      let folders = listing.folders.filter { listing.url($0).standardizedFileURL.path != results }
      return Dictionary(uniqueKeysWithValues: folders.map { ($0, listing.url($0)) })
    }
  }

  /// The files of one folder that can be cases.
  private static func files(
    of listing: FolderListing, _ kind: CaseKind, remarks: inout [String]
  ) throws -> [String: URL] {
    var result = UniqueFiles("cases")
    for name in listing.files where CaseIdentifier.fits(name, kind) {
      try result.insert(listing.url(name), id: try CaseIdentifier.id(of: listing.url(name)))
    }
    for name in listing.folders where CaseIdentifier.fits(name, kind) {
      remarks.append("\(listing.url(name).path): a folder with the name of an image; left out")
    }
    return result.urls
  }

  /// nnU-Net: the first channel of each case.
  private static func channels(
    of listing: FolderListing, _ kind: CaseKind, remarks: inout [String]
  ) throws -> [String: URL] {
    var result = UniqueFiles("cases")
    var others = 0
    for name in listing.files where CaseIdentifier.fits(name, kind) {
      let id = try CaseIdentifier.id(of: listing.url(name))
      let channel = id.suffix(5)
      guard channel.first == "_", channel.dropFirst().allSatisfy(\.isNumber), channel.count == 5,
        id.count > 5
      else {
        remarks.append(
          "\(listing.url(name).path): no channel number (CASE_0000 expected); left out")
        continue
      }
      if channel == "_0000" {
        try result.insert(listing.url(name), id: String(id.dropLast(5)))
      } else {
        others += 1
      }
    }
    if others > 0 {
      remarks.append("\(listing.folder.path): \(others) files of further channels left out")
    }
    return result.urls
  }

  /// BIDS: every angiography of every subject and session.
  private static func angiographies(
    below listing: FolderListing, remarks: inout [String]
  ) throws -> [String: URL] {
    var result = UniqueFiles("cases")
    for file in try BIDS.anatomicalFiles(below: listing, remarks: &remarks) {
      let id = try CaseIdentifier.id(of: file)
      if id.hasSuffix("_angio"), CaseIdentifier.fits(file.lastPathComponent, .volume) {
        try result.insert(file, id: id)
      }
    }
    return result.urls
  }

  // MARK: - Labels

  private static func labels(
    _ listing: FolderListing, _ layout: FolderLayout, _ kind: CaseKind, explicit: URL?,
    remarks: inout [String]
  ) throws -> [String: URL] {
    let folder: URL
    if let explicit {
      folder = explicit
    } else {
      let name: String? =
        switch layout {
        case .nnUNet: listing.folders.contains("imagesTr") ? "labelsTr" : "labelsTs"
        case .imagesAndLabels: "labels"
        case .bids, .flat, .patients: nil
        }
      guard let name, listing.folders.contains(name) else { return [:] }
      folder = listing.url(name)
    }
    let labels = try FolderListing(folder)
    remarks += labels.leftOut
    var result = UniqueFiles("labels")
    let files =
      layout == .bids && labels.folders.contains { $0.hasPrefix("sub-") }
      ? try BIDS.anatomicalFiles(below: labels, remarks: &remarks) : labels.files.map(labels.url)
    for file in files where CaseIdentifier.withoutEnding(file.lastPathComponent) != nil {
      try result.insert(file, id: try CaseIdentifier.id(of: file))
    }
    // A table of cells stands for a label only where there is no label image.
    for name in labels.files where kind == .image && name.lowercased().hasSuffix(".csv") {
      let id = String(name.dropLast(4))
      if result.urls[id] == nil { try result.insert(labels.url(name), id: id) }
    }
    return result.urls
  }

  private static func label(for id: String, _ layout: FolderLayout, _ labels: [String: URL]) -> URL? {
    if let exact = labels[id] { return exact }
    guard layout == .bids else { return nil }
    return BIDS.labelIdentifiers(for: id).lazy.compactMap { labels[$0] }.first
  }

  private mutating func noteUnmatched(_ labels: [String: URL]) {
    guard !labels.isEmpty else { return }
    let used = Set(cases.compactMap(\.label))
    let without = cases.filter { $0.label == nil }.map(\.id)
    let unused = labels.filter { !used.contains($0.value) }.map(\.key).sorted()
    if !without.isEmpty {
      remarks.append("\(without.count) cases without a label: \(shortList(without))")
    }
    if !unused.isEmpty {
      remarks.append("\(unused.count) labels without a case: \(shortList(unused))")
    }
  }

  private mutating func noteTwins() {
    let groups = Dictionary(grouping: cases.map(\.id)) { $0.lowercased() }.values.filter {
      $0.count > 1
    }
    for group in groups.sorted(by: { $0[0] < $1[0] }) {
      remarks.append(
        "\(group.joined(separator: ", ")): differ in case only; some file systems cannot keep them apart"
      )
    }
  }
}

/// Files by id; a second one with the same id is refused.
private struct UniqueFiles {
  private let what: String
  private(set) var urls: [String: URL] = [:]

  init(_ what: String) { self.what = what }

  mutating func insert(_ url: URL, id: String) throws {
    if let other = urls[id] {
      throw PipelineError.badData(
        "\(url.path): two \(what) are called '\(id)'; the other is \(other.path). Rename or remove one."
      )
    }
    urls[id] = url
  }
}

/// The first few of `names` and how many more there are.
func shortList(_ names: [String]) -> String {
  names.prefix(5).joined(separator: ", ") + (names.count > 5 ? " and \(names.count - 5) more" : "")
}
