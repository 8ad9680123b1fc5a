import Foundation
import Pipelines
import TestSupport
import Testing

@Suite("The same file twice")
struct DuplicateInputsTests {
  @Test("Files with the same bytes are found; the same size, beginning and end are not enough")
  func files() throws {
    try withTemporaryFolder { folder in
      func item(_ id: String, _ data: Data) throws -> Case {
        let url = folder.appendingPathComponent("\(id).nii")
        try data.write(to: url)
        return Case(id: id, input: url)
      }
      var large = Data(repeating: 7, count: 100_000)
      let first = large
      large[50_000] = 8
      let cases = try [
        item("a", Data("x".utf8)), item("b", first), item("c", large), item("d", first),
        item("e", Data("y".utf8)),
      ]
      #expect(try DuplicateInputs.groups(of: cases).map { $0.map(\.id) } == [["b", "d"]])
      #expect(
        try DuplicateInputs.remarks(of: cases).first?.hasPrefix("b, d: the same content under 2 names")
          == true)
    }
  }

  @Test("Patients' folders count by their files")
  func folders() throws {
    try withTemporaryFolder { folder in
      let cases = try ["p1", "p2", "p3"].map { id in
        let url = folder.appendingPathComponent(id)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        try Data((id == "p3" ? "other" : "scans").utf8).write(to: url.appendingPathComponent("seg.nii"))
        return Case(id: id, input: url)
      }
      #expect(try DuplicateInputs.groups(of: cases).map { $0.map(\.id) } == [["p1", "p2"]])
    }
  }

  @Test(
    "The subject of a BIDS name is its first part, of any other name the name",
    arguments: [("sub-01_ses-2_angio", "sub-01"), ("sub-01", "sub-01"), ("IXI_022", "IXI_022")])
  func subjects(id: String, subject: String) {
    #expect(CaseIdentifier.subject(of: id) == subject)
  }
}
