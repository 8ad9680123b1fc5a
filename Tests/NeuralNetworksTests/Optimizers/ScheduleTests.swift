import Foundation
import NeuralNetworks
import Testing

@Suite("Learning-rate schedules")
struct ScheduleTests {
  @Test("Schedules take their closed forms")
  func closedForms() {
    func factors(_ schedule: LearningRateSchedule) -> [Double] {
      [0, 25, 50, 100, 120].map { schedule.factor(step: $0, of: 100) }
    }
    func close(_ found: [Double], _ expected: [Double]) -> Bool {
      zip(found, expected).allSatisfy { abs($0 - $1) < 1e-12 }
    }
    #expect(factors(.constant) == [1, 1, 1, 1, 1])
    let quarter = (1 + cos(Double.pi / 4)) / 2
    #expect(close(factors(.cosine(floor: 0)), [1, quarter, 0.5, 0, 0]))
    #expect(close(factors(.cosine(floor: 0.2)), [1, 0.2 + 0.8 * quarter, 0.6, 0.2, 0.2]))
    #expect(close(factors(.polynomial(power: 0.9)), [1, pow(0.75, 0.9), pow(0.5, 0.9), 0, 0]))
    let warm = LearningRateSchedule.warmUp(steps: 10, then: .polynomial(power: 1))
    #expect([0, 4, 9, 10, 55].map { warm.factor(step: $0, of: 100) } == [0.1, 0.5, 1, 1, 0.5])
  }

  @Test("The plateau schedule shrinks after more than `patience` scores without improvement")
  func plateau() throws {
    var schedule = PlateauSchedule(shrink: 0.5, patience: 2, floor: 0.2)
    var factors: [Double] = []
    for score in [1, 0.9, 0.9, 0.95, 0.91, 0.89999, 0.91, 0.92, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6] {
      schedule.update(score: score)
      factors.append(schedule.factor)
    }
    #expect(factors == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.2, 0.2, 0.2, 0.2])
    let copy = try JSONDecoder().decode(PlateauSchedule.self, from: JSONEncoder().encode(schedule))
    #expect(copy == schedule)
  }
}
