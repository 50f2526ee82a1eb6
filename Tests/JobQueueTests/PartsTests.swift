import JobModel
import TestSupport
import Testing

@testable import JobQueueWorker

/// The stages of a shutdown.
@Suite(.timeLimit(.minutes(1))) struct DrainTests {
    @Test func `nothing happens while nobody asked to stop`() {
        var drain = Drain()
        #expect(drain.turn(now: .max, running: 5) == nil)
        #expect(drain.stage == .working)
    }

    @Test func `runs may go on, then are cancelled, then abandoned, each once`() {
        var drain = Drain()
        drain.stop(now: 100, within: 50)
        #expect(drain.turn(now: 149, running: 1) == nil)
        #expect(drain.turn(now: 150, running: 1) == .cancelRuns)
        #expect(drain.turn(now: 151, running: 1) == nil)
        #expect(drain.turn(now: 149 + Drain.tidyTime, running: 1) == nil)
        #expect(drain.turn(now: 150 + Drain.tidyTime, running: 1) == .abandon)
        #expect(drain.turn(now: .max, running: 1) == nil)
        #expect(drain.stage == .abandoned)
    }

    @Test func `without runs there is nothing to cancel`() {
        var drain = Drain()
        drain.stop(now: 0, within: 0)
        #expect(drain.turn(now: 10, running: 0) == nil)
        #expect(drain.turn(now: 11, running: 1) == .cancelRuns)
        #expect(drain.turn(now: .max, running: 0) == nil)
    }

    @Test func `stopping again only shortens`() {
        var drain = Drain()
        drain.stop(now: 0, within: 100)
        drain.stop(now: 10, within: 1000)
        #expect(drain.stage == .draining(until: 100))
        drain.stop(now: 20, within: 5)
        #expect(drain.stage == .draining(until: 25))
        _ = drain.turn(now: 25, running: 1)
        drain.stop(now: 26, within: 0)
        #expect(drain.stage == .cancelling(until: 25 + Drain.tidyTime))
    }
}

/// Things to do, rung from anywhere.
@Suite(.timeLimit(.minutes(1))) struct BellTests {
    @Test func `what was rung is collected once, however often it was rung`() async {
        let bell = Bell<Int>()
        for thing in [1, 2, 1, 3, 1] { bell.ring(thing) }
        #expect(await bell.next() == [1, 2, 3])
        bell.ring(4)
        #expect(await bell.next() == [4])
    }

    @Test func `whoever waits is told`() async {
        let bell = Bell<Int>()
        async let next = bell.next()
        bell.ring(5)
        let first = await next
        #expect(first == [5])
    }

    @Test func `a closed bell is silent, whatever was rung`() async {
        let bell = Bell<Int>()
        bell.ring(1)
        bell.close()
        #expect(await bell.next() == nil)
        bell.ring(2)
        #expect(await bell.next() == nil)
        let other = Bell<Int>()
        async let next = other.next()
        other.close()
        #expect(await next == nil)
    }

    @Test func `nothing that is rung by many at once is missed`() async {
        let bell = Bell<Int>()
        var heard: Set<Int> = []
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<1000 { group.addTask { bell.ring(number) } }
            while heard.count < 1000, let things = await bell.next() { heard.formUnion(things) }
        }
        #expect(heard.count == 1000)
    }
}

/// A gate for one.
@Suite(.timeLimit(.minutes(1))) struct GateTests {
    @Test func `an open gate lets pass, as often as one likes`() async {
        let gate = Gate()
        gate.open()
        #expect(await gate.pass())
        #expect(await gate.pass())
    }

    @Test func `a shut gate holds up until it opens`() async {
        let gate = Gate()
        gate.open()
        gate.shut()
        async let passed = gate.pass()
        gate.open()
        #expect(await passed)
    }

    @Test func `a closed gate lets nobody pass, open or not`() async {
        let gate = Gate()
        async let passed = gate.pass()
        gate.close()
        #expect(await !passed)
        gate.open()
        #expect(await !gate.pass())
    }
}

/// In which order queues are looked at.
@Suite(.timeLimit(.minutes(1))) struct QueueOrderTests {
    @Test func `names alone are a strict order, weights a weighted one`() throws {
        let (a, b) = (try QueueName("a"), try QueueName("b"))
        #expect(try QueueOrder(parsing: "a,b") == .strict([a, b]))
        #expect(try QueueOrder(parsing: "a") == .strict([a]))
        #expect(try QueueOrder(parsing: "a=6,b=1") == .weighted([.init(a, weight: 6), .init(b, weight: 1)]))
        #expect(try QueueOrder(parsing: "a=1000,b=1").queues == [a, b])
    }

    @Test(arguments: [
        "", ",", "a,", "a,,b", "a b", "a=0,b=1", "a=1001", "a=-1", "a=", "a=x", "a=1,b", "a,a", "a=1,a=2", "=1",
        "a=1=2", "é",
    ])
    func `anything else is refused`(text: String) {
        let refusal = #expect(throws: QueueOrder.Refusal.self) { try QueueOrder(parsing: text) }
        #expect(refusal?.description.contains("\n") == false)
    }

    @Test func `a strict order is always the same`() throws {
        var seed = Seed(value: 1)
        let order = try QueueOrder(parsing: "a,b,c")
        for _ in 0..<10 { #expect(order.positions(using: &seed) == [0, 1, 2]) }
    }

    @Test func `a weighted order looks into each queue once, first in proportion to the weights`() throws {
        var seed = Seed(value: 1)
        let order = try QueueOrder(parsing: "a=6,b=3,c=1")
        var first = [0, 0, 0]
        var second = [0, 0, 0]
        for _ in 0..<10_000 {
            let positions = order.positions(using: &seed)
            #expect(positions.sorted() == [0, 1, 2])
            first[positions[0]] += 1
            if positions[0] == 0 { second[positions[1]] += 1 }
        }
        #expect(abs(first[0] - 6000) < 250 && abs(first[1] - 3000) < 250 && abs(first[2] - 1000) < 150, "\(first)")
        let share = Double(second[1]) / Double(first[0])
        #expect(abs(share - 0.75) < 0.03, "of what is left in proportion as well: \(share)")
    }
}
