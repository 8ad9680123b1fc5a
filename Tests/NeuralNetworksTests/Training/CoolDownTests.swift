import NeuralNetworks
import Testing

@Suite("Cool-down")
struct CoolDownTests {
  @Test(
    "Constant until the last steps, then 1 − √t down to the floor; what comes before does not depend on the length"
  )
  func factors() {
    let schedule = LearningRateSchedule.coolDown(steps: 4, floor: 0.1)
    #expect((0...6).allSatisfy { schedule.factor(step: $0, of: 10) == 1 })
    #expect(abs(schedule.factor(step: 7, of: 10) - (0.1 + 0.9 * 0.5)) < 1e-12)
    #expect(abs(schedule.factor(step: 10, of: 10) - 0.1) < 1e-12)
    #expect((0...16).allSatisfy { schedule.factor(step: $0, of: 20) == 1 })
    #expect(!schedule.dependsOnLength)
    #expect(!LearningRateSchedule.warmUp(steps: 3, then: schedule).dependsOnLength)
    #expect(LearningRateSchedule.warmUp(steps: 3, then: .cosine(floor: 0)).dependsOnLength)
  }
}
