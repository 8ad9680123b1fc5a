import Foundation
import Pipelines
import TestSupport
import Testing

@Suite("Finding cases")
struct CaseDiscoveryTests {
  /// A folder with empty files at `paths`.
  func folder(_ paths: String..., body: (URL) throws -> Void) throws {
    try withTemporaryFolder { folder in
      for path in paths {
        let url = folder.appendingPathComponent(path)
        try FileManager.default.createDirectory(
          at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data().write(to: url)
      }
      try body(folder)
    }
  }

  /// `id label` of each case, the label relative to the folder.
  func pairs(_ found: CaseDiscovery, in folder: URL) -> [String] {
    found.cases.map { item in
      "\(item.id) "
        + (item.label.map { $0.path.replacingOccurrences(of: folder.path + "/", with: "") } ?? "-")
    }
  }

  @Test(
    "The id is the file name without the ending of an image",
    arguments: [
      ("a.nii", "a"), ("a.nii.gz", "a"), ("sub-01.run2.nii.gz", "sub-01.run2"), ("a.png", "a"),
      ("a.jpg", "a"),
      ("a.NII.GZ", "a"), ("a.b", "a.b"), ("patient", "patient"), ("x y'\"<script>.nii", "x y'\"<script>"),
    ])
  func ids(name: String, id: String) throws {
    #expect(try CaseIdentifier.id(of: URL(fileURLWithPath: "/data/" + name)) == id)
  }

  @Test("A name that leaves nothing is refused")
  func emptyIdentifier() {
    #expect(throws: PipelineError.self) { try CaseIdentifier.id(of: URL(fileURLWithPath: "/data/.nii.gz")) }
  }

  @Test("images/ with labels/, paired exactly and never by substring")
  func imagesAndLabels() throws {
    try folder(
      "images/sub-1.nii.gz", "images/sub-10.nii.gz", "images/sub-2.nii", "labels/sub-10.nii.gz",
      "labels/sub-3.nii.gz"
    ) { folder in
      let found = try CaseDiscovery(folder: folder, kind: .volume)
      #expect(found.layout == .imagesAndLabels)
      #expect(pairs(found, in: folder) == ["sub-1 -", "sub-10 labels/sub-10.nii.gz", "sub-2 -"])
      #expect(found.remarks == ["2 cases without a label: sub-1, sub-2", "1 labels without a case: sub-3"])
    }
  }

  @Test("nnU-Net: the first channel, labels without a channel")
  func nnUNet() throws {
    try folder(
      "imagesTr/brain_001_0000.nii.gz", "imagesTr/brain_001_0001.nii.gz", "imagesTr/brain_002_0000.nii.gz",
      "labelsTr/brain_001.nii.gz", "labelsTr/brain_002.nii.gz", "dataset.json"
    ) { folder in
      let found = try CaseDiscovery(folder: folder, kind: .volume)
      #expect(found.layout == .nnUNet)
      #expect(
        pairs(found, in: folder)
          == ["brain_001 labelsTr/brain_001.nii.gz", "brain_002 labelsTr/brain_002.nii.gz"])
    }
  }

  @Test("BIDS: angiographies with and without sessions, labels in a tree of their own")
  func bids() throws {
    try folder(
      "raw/sub-01/anat/sub-01_angio.nii.gz", "raw/sub-01/anat/sub-01_T1w.nii.gz",
      "raw/sub-02/ses-a/anat/sub-02_ses-a_angio.nii.gz", "raw/dataset_description.json",
      "masks/sub-01/anat/sub-01_label-vessel_mask.nii.gz", "masks/sub-02/ses-a/anat/sub-02_ses-a_dseg.nii.gz"
    ) { folder in
      let found = try CaseDiscovery(
        folder: folder.appendingPathComponent("raw"), kind: .volume,
        labels: folder.appendingPathComponent("masks"))
      #expect(found.layout == .bids)
      #expect(
        pairs(found, in: folder) == [
          "sub-01_angio masks/sub-01/anat/sub-01_label-vessel_mask.nii.gz",
          "sub-02_ses-a_angio masks/sub-02/ses-a/anat/sub-02_ses-a_dseg.nii.gz",
        ])
    }
  }

  @Test("A flat folder; labels in another folder; pairs of header and image count once")
  func flat() throws {
    try folder("in/b.nii.gz", "in/a.hdr", "in/a.img", "in/notes.txt", "in/.hidden.nii", "lab/a.nii.gz") {
      folder in
      let found = try CaseDiscovery(
        folder: folder.appendingPathComponent("in"), kind: .volume,
        labels: folder.appendingPathComponent("lab"))
      #expect(found.layout == .flat)
      #expect(pairs(found, in: folder) == ["a lab/a.nii.gz", "b -"])
    }
  }

  @Test("A flat folder; labels beside their scans are labels, and files that only end like one are scans")
  func labelsBeside() throws {
    try folder(
      "A_mra.nii.gz", "A_vessels.nii.gz", "b.nii", "b_Seg.nii", "c_mask.nii", "_label.nii", "d_mra.nii",
      "d_mra_label.nii"
    ) { folder in
      let found = try CaseDiscovery(folder: folder, kind: .volume)
      #expect(
        pairs(found, in: folder) == [
          "A_mra A_vessels.nii.gz", "_label -", "b b_Seg.nii", "c_mask -", "d_mra d_mra_label.nii",
        ])
      #expect(
        found.remarks.first
          == "3 files are labels of the scans beside them: A_vessels.nii.gz, b_Seg.nii, d_mra_label.nii")
    }
    try folder("a.nii", "a_seg.nii", "a_label.nii") { folder in
      #expect {
        try CaseDiscovery(folder: folder, kind: .volume)
      } throws: { "\($0)".contains("a_seg.nii: a second label of 'a'; the other is ") }
    }
  }

  @Test("Patients: one folder a case, the folder of results is none")
  func patients() throws {
    try folder("p2/seg.nii.gz", "p1/seg.nii.gz", "out/p1/case.json", "readme.txt") { folder in
      let found = try CaseDiscovery(
        folder: folder, kind: .folder, output: folder.appendingPathComponent("out"))
      #expect(found.layout == .patients)
      #expect(found.cases.map(\.id) == ["p1", "p2"])
    }
  }

  @Test("Two cases, or two labels, with one id are refused naming both files")
  func collisions() throws {
    try folder("a.nii", "a.nii.gz") { folder in
      #expect {
        try CaseDiscovery(folder: folder, kind: .volume)
      } throws: { error in
        guard case .badData(let text)? = error as? PipelineError else { return false }
        return text.contains("a.nii.gz: two cases are called 'a'") && text.contains("/a.nii.")
      }
    }
    try folder("images/a.nii", "labels/a.nii", "labels/a.nii.gz") { folder in
      #expect {
        try CaseDiscovery(folder: folder, kind: .volume)
      } throws: { "\($0)".contains("two labels are called 'a'") }
    }
  }

  @Test("Pipes, endless links, folders named as images and twins by case are told, and never block")
  func oddThings() throws {
    try folder("A.nii", "a.nii", "d.nii/x") { folder in
      #expect(mkfifo(folder.appendingPathComponent("pipe.nii").path, 0o600) == 0)
      try FileManager.default.createSymbolicLink(
        atPath: folder.path + "/loop.nii", withDestinationPath: folder.path + "/loop.nii")
      let found = try CaseDiscovery(folder: folder, kind: .volume)
      #expect(found.cases.map(\.id) == ["A", "a"])
      let remarks = found.remarks.map { $0.replacingOccurrences(of: folder.path + "/", with: "") }
      #expect(
        remarks == [
          "loop.nii: a link that leads to itself", "pipe.nii: neither a file nor a folder",
          "d.nii: a folder with the name of an image; left out",
          "A, a: differ in case only; some file systems cannot keep them apart",
        ])
    }
  }

  @Test("No such folder, a file, an empty folder: each says so")
  func nothing() throws {
    try folder("a.nii") { folder in
      #expect(throws: PipelineError.noInput("\(folder.path)/no: no such folder")) {
        try CaseDiscovery(folder: folder.appendingPathComponent("no"), kind: .volume)
      }
      #expect {
        try CaseDiscovery(folder: folder.appendingPathComponent("a.nii"), kind: .volume)
      } throws: { "\($0)".contains("a folder of cases is expected") }
      #expect {
        try CaseDiscovery(folder: folder, kind: .image)
      } throws: { "\($0)".contains("no cases found (a flat folder; *.png or *.jpg expected)") }
    }
  }

  @Test("Parts of a batch: together everything, nothing twice", arguments: [1, 2, 3, 7])
  func shards(count: Int) throws {
    let elements = Array(0..<10)
    let parts = try (1...count).map { try Shard("\($0)/\(count)").part(of: elements) }
    #expect(parts.flatMap { $0 }.sorted() == elements)
  }

  @Test("What is no part is wrong use", arguments: ["0/3", "4/3", "1/0", "-1/3", "1", "a/b", "1/3/2", ""])
  func wrongShard(text: String) {
    #expect {
      _ = try Shard(text)
    } throws: {
      guard case .usage? = $0 as? PipelineError else { return false }
      return true
    }
  }
}
