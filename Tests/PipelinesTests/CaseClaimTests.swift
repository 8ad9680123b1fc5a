import Files
import Foundation
import Pipelines
import Synchronization
import TestSupport
import Testing

@Suite("Claims of cases")
struct CaseClaimTests {
  /// A claim file of someone else, last touched `age` seconds ago.
  func write(_ members: String, in folder: URL, age: Double = 0) throws {
    let url = folder.appendingPathComponent(".claim")
    try Data("{\(members)}".utf8).write(to: url)
    try FileManager.default.setAttributes(
      [.modificationDate: Date().addingTimeInterval(-age)], ofItemAtPath: url.path)
  }

  let elsewhere = #""host":"elsewhere","machine":"another","process":7,"process_start":"1","since":0"#

  @Test("Of many threads that claim one case at once one gets it; given back it can be claimed again")
  func exclusive() throws {
    try withTemporaryFolder { folder in
      for _ in 0..<20 {
        let claims = Mutex<[CaseClaim]>([])
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
          if let claim = try? CaseClaim(in: folder, id: "a") { claims.withLock { $0.append(claim) } }
        }
        let made = claims.withLock { $0 }
        #expect(made.count == 1)
        let holder = try #require(CaseClaim.holder(in: folder))
        #expect(holder.holder.process == getpid() && !holder.holder.isGone(secondsSilent: 1e6))
        try made.first?.requireHeld()
        for claim in made { claim.release() }
        #expect(CaseClaim.holder(in: folder) == nil)
      }
    }
  }

  @Test("A dead process of this machine is taken over, by one of many that notice it at once")
  func deadProcess() throws {
    try withTemporaryFolder { folder in
      for round in 0..<20 {
        try write(
          #""host":"x","machine":"\#(ProcessIdentity.machine)","process":\#(getpid()),"process_start":"1","since":0"#,
          in: folder)
        let claims = Mutex<[CaseClaim]>([])
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
          if let claim = try? CaseClaim(in: folder, id: "a") { claims.withLock { $0.append(claim) } }
        }
        let made = claims.withLock { $0 }
        #expect(made.count <= 1, "round \(round)")
        // All may have come upon the take-over of another; then the next one gets it.
        for claim in try made.isEmpty ? [CaseClaim(in: folder, id: "a")] : made { claim.release() }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
      }
    }
  }

  @Test("Another machine's claim stands while it is touched, and falls after ten minutes of silence")
  func silence() throws {
    try withTemporaryFolder { folder in
      try write(elsewhere, in: folder, age: 500)
      #expect {
        try CaseClaim(in: folder, id: "a")
      } throws: {
        guard case .claimed(let text)? = $0 as? PipelineError else { return false }
        return text.contains("a is being worked on by process 7 on elsewhere")
          && text.contains("remove \(folder.path)")
      }
      try write(elsewhere, in: folder, age: 700)
      try CaseClaim(in: folder, id: "a").release()
    }
  }

  @Test("An unfinished claim is left to its maker for ten seconds")
  func unfinished() throws {
    try withTemporaryFolder { folder in
      try write("", in: folder)
      try Data().write(to: folder.appendingPathComponent(".claim"))
      #expect(throws: PipelineError.self) { try CaseClaim(in: folder, id: "a") }
      try FileManager.default.setAttributes(
        [.modificationDate: Date().addingTimeInterval(-30)],
        ofItemAtPath: folder.appendingPathComponent(".claim").path)
      try CaseClaim(in: folder, id: "a").release()
    }
  }

  @Test("Who lost the claim is told before writing, and does not remove the new one")
  func lost() throws {
    try withTemporaryFolder { folder in
      let claim = try CaseClaim(in: folder, id: "a")
      try write(elsewhere, in: folder)
      #expect(throws: PipelineError.self) { try claim.requireHeld() }
      claim.release()
      #expect(CaseClaim.holder(in: folder)?.holder.host == "elsewhere")
    }
  }
}

@Suite("Temporary files")
struct LeftoverTests {
  @Test("What killed processes left is removed by the next run; what a living one writes stays")
  func leftovers() throws {
    try withTemporaryFolder { folder in
      let own = TemporaryName.make()
      let dead = own.replacingOccurrences(of: "-\(getpid())-", with: "-999999-")
      let foreign = ".malpighi-elsewhere-1-1-tag.tmp"
      #expect(own != TemporaryName.make() && TemporaryName.isTemporary(own) && own.utf8.count < 100)
      #expect(!TemporaryName.isAbandoned(own, in: folder.path))
      #expect(TemporaryName.isAbandoned(dead, in: folder.path))
      for name in [own, dead, foreign] { try Data().write(to: folder.appendingPathComponent(name)) }
      #expect(!TemporaryName.isAbandoned(foreign, in: folder.path))
      try FileManager.default.setAttributes(
        [.modificationDate: Date().addingTimeInterval(-90_000)],
        ofItemAtPath: folder.appendingPathComponent(foreign).path)
      #expect(TemporaryName.isAbandoned(foreign, in: folder.path))
      try BatchSummary.write(of: folder, title: "t")
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      #expect(names == [own, "index.html", "metrics.tsv", "summary.json"].sorted())
    }
  }
}
