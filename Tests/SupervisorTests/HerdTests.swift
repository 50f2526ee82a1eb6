import Testing

@testable import JobQueueSupervisor

/// What a supervisor decides, on a clock of the test's own.
@Suite struct HerdTests {
    private func turn(
        _ herd: inout Herd, _ now: Int, _ sightings: [Int: Herd.Sighting] = [:], random: Double = 0
    ) -> [Herd.Action] {
        herd.turn(now: now, sightings) { random }
    }

    private let ready = Herd.Sighting(pulse: 1, isReady: true)

    @Test func `a process is started when the one before it is at work`() {
        var herd = Herd(3, Herd.Rules(), now: 0)
        #expect(turn(&herd, 0) == [.start(0)])
        #expect(turn(&herd, 50, [0: .init()]) == [])
        #expect(turn(&herd, 100, [0: ready]) == [.start(1)])
        #expect(turn(&herd, 150, [0: ready, 1: .init()]) == [])
        // One that takes its time does not keep the others out for ever.
        #expect(turn(&herd, 5_100, [0: .init(pulse: 2, isReady: true), 1: .init()]) == [.start(2)])
    }

    @Test func `one that dies at once is started again after longer and longer waits`() {
        var herd = Herd(1, Herd.Rules(), now: 0)
        var now = 0
        var waits: [Int] = []
        #expect(turn(&herd, now) == [.start(0)])
        for _ in 0..<12 {
            herd.ended(0, inOrder: false, now: now) { 1 }
            let death = now
            while turn(&herd, now) == [] { now += 50 }
            waits.append(now - death)
        }
        #expect(waits == [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 30_000])
    }

    @Test func `one that has worked for a while is started at once, and its failures are forgotten`() {
        var herd = Herd(1, Herd.Rules(), now: 0)
        for _ in 0..<5 {
            _ = turn(&herd, 0)
            herd.ended(0, inOrder: false, now: -100_000) { 1 }
        }
        #expect(turn(&herd, 0) == [.start(0)])
        _ = turn(&herd, 0, [0: ready])
        herd.ended(0, inOrder: false, now: 10_000) { 1 }
        #expect(turn(&herd, 10_000) == [.start(0)])
        herd.ended(0, inOrder: false, now: 10_000) { 1 }
        #expect(turn(&herd, 10_099) == [])
        #expect(turn(&herd, 10_100) == [.start(0)])
    }

    @Test func `one whose heart stands still is killed, and one that turns is not`() {
        var herd = Herd(1, Herd.Rules(), now: 0)
        _ = turn(&herd, 0)
        _ = turn(&herd, 0, [0: ready])
        for now in stride(from: 0, to: 60_000, by: 1000) { #expect(turn(&herd, now, [0: ready]) == []) }
        let turned = Herd.Sighting(pulse: 2, isReady: true)
        for now in stride(from: 60_000, to: 120_000, by: 1000) { #expect(turn(&herd, now, [0: turned]) == []) }
        #expect(turn(&herd, 120_000, [0: turned]) == [.kill(0)])
        #expect(turn(&herd, 120_000, [0: turned]) == [])
    }

    @Test func `one that never gets to work is killed as well`() {
        var herd = Herd(1, Herd.Rules(), now: 0)
        #expect(turn(&herd, 0) == [.start(0)])
        for now in stride(from: 0, to: 60_000, by: 1000) { #expect(turn(&herd, now, [0: .init()]) == []) }
        #expect(turn(&herd, 60_000, [0: .init()]) == [.kill(0)])
        herd.ended(0, inOrder: false, now: 60_000) { 1 }
        #expect(turn(&herd, 60_099) == [])
        #expect(turn(&herd, 60_100) == [.start(0)])
    }

    @Test func `when everything stood still nobody is killed for it`() {
        var herd = Herd(1, Herd.Rules(), now: 0)
        _ = turn(&herd, 0)
        _ = turn(&herd, 0, [0: ready])
        #expect(turn(&herd, 500_000, [0: ready]) == [])
        for now in stride(from: 501_000, to: 560_000, by: 1000) { #expect(turn(&herd, now, [0: ready]) == []) }
        #expect(turn(&herd, 560_000, [0: ready]) == [.kill(0)])
    }

    @Test func `a process is replaced after its jobs, each a little earlier or later than the others`() {
        for (random, limit) in [(0.0, 1000), (0.5, 950), (0.999, 901)] {
            var rules = Herd.Rules()
            rules.maxJobs = 1000
            var herd = Herd(1, rules, now: 0)
            _ = turn(&herd, 0)
            _ = turn(&herd, 0, [0: ready], random: random)
            #expect(turn(&herd, 1, [0: .init(pulse: 2, isReady: true, ended: limit - 1)]) == [])
            #expect(
                turn(&herd, 2, [0: .init(pulse: 3, isReady: true, ended: limit)]) == [.stop(0, .jobs(limit))])
            herd.ended(0, inOrder: true, now: 3) { 1 }
            #expect(turn(&herd, 3) == [.start(0)])
        }
    }

    @Test func `a process with too much memory is replaced`() {
        var rules = Herd.Rules()
        rules.maxMemory = 1 << 20
        var herd = Herd(1, rules, now: 0)
        _ = turn(&herd, 0)
        _ = turn(&herd, 0, [0: ready])
        #expect(turn(&herd, 1, [0: .init(pulse: 2, isReady: true, memory: 1 << 20)]) == [])
        #expect(
            turn(&herd, 2, [0: .init(pulse: 3, isReady: true, memory: 1 << 20 + 1)])
                == [.stop(0, .memory(1 << 20 + 1))])
        // It would be too large again at once.
        herd.ended(0, inOrder: true, now: 3) { 1 }
        #expect(turn(&herd, 102) == [])
        #expect(turn(&herd, 103) == [.start(0)])
    }

    @Test func `renewal replaces one after the other`() {
        var herd = Herd(2, Herd.Rules(), now: 0)
        let both: [Int: Herd.Sighting] = [0: ready, 1: ready]
        _ = turn(&herd, 0)
        #expect(turn(&herd, 0, [0: ready]) == [.start(1)])
        #expect(turn(&herd, 0, both) == [])
        herd.renew()
        #expect(turn(&herd, 1, both) == [.stop(0, .renewal)])
        #expect(turn(&herd, 2, both) == [])
        herd.ended(0, inOrder: true, now: 3) { 0 }
        #expect(turn(&herd, 3, [1: ready]) == [.start(0)])
        #expect(turn(&herd, 4, [0: .init(), 1: ready]) == [])
        #expect(turn(&herd, 5, [0: .init(pulse: 9, isReady: true), 1: ready]) == [.stop(1, .renewal)])
    }

    @Test func `after a stop nothing is started, and it is over when all have ended`() {
        var herd = Herd(3, Herd.Rules(), now: 0)
        _ = turn(&herd, 0)
        #expect(turn(&herd, 0, [0: ready]) == [.start(1)])
        #expect(herd.stop() == [.stop(0, .shutdown), .stop(1, .shutdown)])
        herd.ended(0, inOrder: false, now: 1) { 0 }
        #expect(turn(&herd, 100_000, [1: ready]) == [])
        #expect(!herd.isOver)
        herd.ended(1, inOrder: true, now: 1) { 0 }
        #expect(herd.isOver)
    }

    @Test func `processes come and go by request, and the last one stays`() {
        var herd = Herd(1, Herd.Rules(), now: 0)
        _ = turn(&herd, 0)
        _ = turn(&herd, 0, [0: ready])
        #expect(herd.shrink() == [])
        herd.grow(now: 1)
        #expect(herd.size == 2)
        #expect(turn(&herd, 1, [0: ready]) == [.start(1)])
        #expect(herd.shrink() == [.stop(1, .shrinking)])
        herd.ended(1, inOrder: true, now: 2) { 0 }
        #expect(turn(&herd, 100_000, [0: .init(pulse: 5, isReady: true)]) == [])
        #expect(herd.size == 1)
    }

    @Test func `in burst mode one that ends in order is not started again, and one that dies is`() {
        var rules = Herd.Rules()
        rules.isFinite = true
        var herd = Herd(2, rules, now: 0)
        _ = turn(&herd, 0)
        #expect(turn(&herd, 0, [0: ready]) == [.start(1)])
        herd.ended(0, inOrder: true, now: 1) { 0 }
        herd.ended(1, inOrder: false, now: 1) { 0 }
        #expect(turn(&herd, 1000) == [.start(1)])
        herd.ended(1, inOrder: true, now: 1001) { 0 }
        #expect(herd.isOver)
    }

    @Test func `in burst mode one that was replaced after its jobs goes on`() {
        var rules = Herd.Rules()
        rules.isFinite = true
        rules.maxJobs = 10
        var herd = Herd(1, rules, now: 0)
        _ = turn(&herd, 0)
        _ = turn(&herd, 0, [0: ready])
        #expect(turn(&herd, 1, [0: .init(pulse: 2, isReady: true, ended: 10)]) == [.stop(0, .jobs(10))])
        herd.ended(0, inOrder: true, now: 2) { 0 }
        #expect(turn(&herd, 2) == [.start(0)])
    }

    @Test func `a quiet one starts nobody and replaces nobody, until it is told to end`() {
        var herd = Herd(2, Herd.Rules(), now: 0)
        _ = turn(&herd, 0)
        _ = turn(&herd, 0, [0: ready])
        herd.renew()
        herd.quiet()
        herd.renew()
        let both = [0: ready, 1: ready]
        #expect(turn(&herd, 100, both) == [] && turn(&herd, 200, both) == [])
        herd.ended(0, inOrder: false, now: 300) { 0 }
        #expect(turn(&herd, 100_000, [1: .init(pulse: 5, isReady: true)]) == [])
        #expect(!herd.isOver)
        #expect(herd.stop() == [.stop(1, .shutdown)])
        herd.ended(1, inOrder: true, now: 100_001) { 0 }
        #expect(herd.isOver)
    }

    @Test func `a quiet one is not replaced for its jobs or memory either`() {
        var rules = Herd.Rules()
        (rules.maxJobs, rules.maxMemory) = (1, 1)
        var herd = Herd(1, rules, now: 0)
        _ = turn(&herd, 0)
        _ = turn(&herd, 0, [0: ready])
        herd.quiet()
        #expect(turn(&herd, 1, [0: .init(pulse: 1, isReady: true, ended: 9, memory: 9)]) == [])
    }

    @Test func `one whose successor could not work goes on for a while`() {
        var rules = Herd.Rules()
        rules.maxMemory = 1
        var herd = Herd(1, rules, now: 0)
        _ = turn(&herd, 0)
        _ = turn(&herd, 0, [0: ready])
        func large(_ pulse: Int) -> [Int: Herd.Sighting] { [0: .init(pulse: pulse, isReady: true, memory: 9)] }
        #expect(turn(&herd, 20_000, large(2)) == [.stop(0, .memory(9))])
        herd.spare(0, now: 20_000)
        #expect(turn(&herd, 49_999, large(3)) == [])
        #expect(turn(&herd, 50_000, large(4)) == [.stop(0, .memory(9))])
    }

    @Test func `it is at work when a process is`() {
        var herd = Herd(1, Herd.Rules(), now: 0)
        #expect(!herd.isAtWork)
        _ = turn(&herd, 0)
        #expect(!herd.isAtWork)
        _ = turn(&herd, 0, [0: ready])
        #expect(herd.isAtWork)
    }

    // MARK: Suspects

    @Test func `for suspects there is a process, and one more while it is busy and others wait`() {
        var herd = Herd(1, Herd.Rules(), now: 0)
        _ = turn(&herd, 0)
        _ = turn(&herd, 0, [0: ready])
        herd.note(suspects: 0, now: 1, [0: ready])
        #expect(turn(&herd, 1, [0: ready]) == [])
        herd.note(suspects: 3, now: 2, [0: ready])
        #expect(turn(&herd, 2, [0: ready]) == [.start(1)] && herd.isLoner(1) && !herd.isLoner(0))
        var sightings = [0: ready, 1: ready]
        // Those that wait are for the one that is there.
        herd.note(suspects: 1, now: 3, sightings)
        #expect(turn(&herd, 3, sightings) == [])
        sightings[1]?.isBusy = true
        herd.note(suspects: 5, now: 4, sightings)
        #expect(turn(&herd, 4, sightings) == [.start(2)])
        sightings[2] = ready
        sightings[2]?.isBusy = true
        herd.note(suspects: 5, now: 5, sightings)
        #expect(turn(&herd, 5, sightings) == [], "two at most")
        #expect(herd.size == 1 && herd.shrink() == [], "they do not count")
        herd.ended(1, inOrder: true, now: 6) { 0 }
        #expect(turn(&herd, 60_000, [0: .init(pulse: 9, isReady: true)]) == [], "nobody takes its place")
    }

    @Test func `a process for suspects that dies of one is replaced, one that cannot begin not so soon`() {
        var herd = Herd(1, Herd.Rules(), now: 0)
        _ = turn(&herd, 0)
        herd.note(suspects: 1, now: 0, [:])
        _ = turn(&herd, 0, [0: ready])
        _ = turn(&herd, 1, [0: ready, 1: ready])
        herd.ended(1, inOrder: false, now: 2) { 0 }
        herd.note(suspects: 1, now: 3, [0: ready])
        #expect(turn(&herd, 3, [0: ready]) == [.start(2)])
        herd.ended(2, inOrder: false, hasBegun: false, now: 4) { 0 }
        herd.note(suspects: 1, now: 30_003, [0: ready])
        #expect(turn(&herd, 5, [0: ready]) == [])
        herd.note(suspects: 1, now: 30_004, [0: ready])
        #expect(turn(&herd, 30_004, [0: .init(pulse: 2, isReady: true)]) == [.start(3)])
    }

    @Test func `a process for suspects is neither recycled nor renewed, but ends with the others`() {
        var rules = Herd.Rules()
        rules.maxJobs = 1
        var herd = Herd(1, rules, now: 0)
        _ = turn(&herd, 0)
        herd.note(suspects: 1, now: 0, [:])
        _ = turn(&herd, 0, [0: ready])
        #expect(turn(&herd, 1, [0: ready, 1: .init(pulse: 1, isReady: true, ended: 9)]) == [])
        herd.renew()
        #expect(turn(&herd, 2, [0: ready, 1: ready]) == [.stop(0, .renewal)])
        #expect(herd.stop() == [.stop(0, .shutdown), .stop(1, .shutdown)])
        herd.note(suspects: 1, now: 3, [:])
        herd.ended(0, inOrder: true, now: 4) { 0 }
        herd.ended(1, inOrder: true, now: 4) { 0 }
        #expect(herd.isOver)
    }
}
