import Testing

@testable import Postgres

/// What a pool decides, without a server.
@Suite struct PoolStateTests {
    private static let rules = PoolState<Int>.Rules(
        size: 2, waiting: 2, recycle: 1000, quiet: 100, threshold: 3, pause: 500)

    /// A pool of numbers.
    private final class Bench {
        var state = PoolState<Int>(rules)
        var expired: [Int] = []

        static func word(_ decision: PoolState<Int>.Decision) -> String {
            switch decision {
            case .use(let slot): "use \(slot.item)"
            case .test(let slot): "test \(slot.item)"
            case .open: "open"
            case .wait(let ticket): "wait \(ticket)"
            case .refuse(let error): "refuse \(error)"
            }
        }

        @discardableResult
        func acquire(at now: Int) -> String { Self.word(state.acquire(now: now, expired: &expired)) }

        @discardableResult
        func release(_ item: Int?, made: Int = 0, at now: Int) -> [String] {
            let slot = item.map { PoolState<Int>.Slot(item: $0, madeAt: made, idleSince: 0) }
            return state.release(slot, now: now, expired: &expired).map { "\($0.ticket): \(Self.word($0.decision))" }
        }

        func fail(at now: Int) -> [String] { state.openFailed(now: now).map { Self.word($0.decision) } }
        func forget(_ ticket: Int) -> Bool { state.forget(ticket) }
        func close() -> [String] { state.close(expired: &expired).map { Self.word($0.decision) } }
    }

    private let bench = Bench()

    @Test func `the first are opened, the next wait, and more are refused`() {
        #expect(bench.acquire(at: 0) == "open" && bench.acquire(at: 0) == "open")
        #expect(bench.acquire(at: 0) == "wait 1" && bench.acquire(at: 0) == "wait 2")
        #expect(bench.acquire(at: 0) == "refuse \(PostgresError.busy)")
        #expect(bench.release(7, at: 10) == ["1: use 7"], "in the order in which they came")
        #expect(bench.state.taken == 2)
        #expect(bench.release(nil, at: 10) == ["2: open"], "a broken one makes room for a new one")
    }

    @Test func `the last to come back is used first, old ones are made anew, quiet ones are tested`() {
        bench.acquire(at: 0)
        bench.acquire(at: 0)
        bench.release(1, at: 10)
        bench.release(2, at: 20)
        #expect(bench.acquire(at: 30) == "use 2")
        #expect(bench.acquire(at: 200) == "test 1")
        bench.release(1, at: 990)
        #expect(bench.acquire(at: 1000) == "open" && bench.expired == [1])
    }

    @Test func `who waits no more is not called`() {
        bench.acquire(at: 0)
        bench.acquire(at: 0)
        bench.acquire(at: 0)
        bench.acquire(at: 0)
        #expect(bench.forget(1))
        #expect(bench.release(7, at: 1) == ["2: use 7"])
        #expect(!bench.forget(2), "too late: it was called")
    }

    @Test func `failures in a row open the circuit, and one tries when the pause is over`() {
        for _ in 0..<3 {
            #expect(bench.acquire(at: 0) == "open")
            #expect(bench.fail(at: 0).isEmpty)
        }
        #expect(bench.acquire(at: 499) == "refuse \(PostgresError.circuitOpen)")
        #expect(bench.acquire(at: 500) == "open", "one tries")
        #expect(bench.acquire(at: 500) == "refuse \(PostgresError.circuitOpen)", "and not two")
        bench.state.opened()
        #expect(bench.acquire(at: 501) == "open")
    }

    @Test func `who waits hears of the circuit`() {
        bench.acquire(at: 0)
        bench.acquire(at: 0)
        bench.acquire(at: 0)
        bench.acquire(at: 0)
        #expect(bench.fail(at: 0) == ["open"])
        #expect(bench.fail(at: 0) == ["open"])
        #expect(bench.acquire(at: 0) == "wait 3")
        #expect(bench.fail(at: 0) == ["refuse \(PostgresError.circuitOpen)"])
        #expect(bench.state.taken == 1 && bench.state.waiters.isEmpty)
    }

    @Test func `closing refuses everybody and closes what comes back`() {
        bench.acquire(at: 0)
        bench.acquire(at: 0)
        bench.acquire(at: 0)
        bench.release(nil, at: 0)
        bench.acquire(at: 0)
        #expect(bench.close() == ["refuse \(PostgresError.closed)"])
        #expect(bench.release(9, at: 1).isEmpty && bench.expired == [9])
        #expect(bench.acquire(at: 1) == "refuse \(PostgresError.closed)")
    }
}
