import JobModel
import JobStore
import TestSupport
import Testing

@testable import JobQueueWorker

/// What is wanted, handed out and given back, step by step.
@Suite(.timeLimit(.minutes(1))) struct JobBufferTests {
    private func runs(_ ids: ClosedRange<Int>) -> [Run] { ids.map { makeRun("\($0)") } }

    @Test func `as many jobs are wanted as slots are free`() async {
        let buffer = JobBuffer(concurrency: 3, prefetch: 0)
        #expect(await buffer.demand(atLeast: 1) == 3)
        buffer.deliver(runs(1...2), of: 3)
        #expect(buffer.load == 2)
        #expect(await buffer.next(finished: nil)?.id == "1")
        #expect(await buffer.next(finished: nil)?.id == "2")
        #expect(await buffer.demand(atLeast: 1) == 1)
    }

    @Test func `what is promised is not wanted twice`() async {
        let buffer = JobBuffer(concurrency: 3, prefetch: 2)
        #expect(await buffer.demand(atLeast: 1) == 5)
        async let second = buffer.demand(atLeast: 1)
        // The first lane came back with less than it was promised.
        buffer.deliver(runs(1...1), of: 5)
        #expect(await second == 4)
    }

    @Test func `a lane that wants many waits until many are wanted`() async {
        let buffer = JobBuffer(concurrency: 4, prefetch: 0)
        #expect(await buffer.demand(atLeast: 1) == 4)
        buffer.deliver(runs(1...4), of: 4)
        for _ in 0..<4 { _ = await buffer.next(finished: nil) }
        async let lane = buffer.demand(atLeast: 3)
        for _ in 0..<3 { buffer.finish(1000) }
        #expect(await lane == 3)
    }

    @Test func `one claim never asks for more than its limit`() async {
        let buffer = JobBuffer(concurrency: 5000, prefetch: nil)
        #expect(await buffer.demand(atLeast: 1) == JobBuffer.claimLimit)
        #expect(await buffer.demand(atLeast: 64) == JobBuffer.claimLimit)
    }

    @Test(arguments: [(1_000_000, 10), (100_000, 100), (10_000_000, 1), (20_000_000, 0), (100, 512)])
    func `what is claimed ahead would start within 10 ms`(duration: Int, ahead: Int) async {
        let buffer = JobBuffer(concurrency: 1, prefetch: nil)
        #expect(await buffer.demand(atLeast: 1) == 1, "nothing is known yet")
        buffer.deliver(runs(1...2), of: 1)
        _ = await buffer.next(finished: nil)
        _ = await buffer.next(finished: duration)
        if ahead == 0 {
            async let lane = buffer.demand(atLeast: 1)
            buffer.finish(duration)
            #expect(await lane == 1)
        } else {
            #expect(await buffer.demand(atLeast: 1) == ahead)
        }
    }

    @Test func `a slot that waits gets the next job at once`() async {
        let buffer = JobBuffer(concurrency: 1, prefetch: 0)
        async let run = buffer.next(finished: nil)
        #expect(await buffer.demand(atLeast: 1) == 1)
        buffer.deliver(runs(1...1), of: 1)
        #expect(await run?.id == "1")
    }

    @Test func `closing answers what has not started, and ends slots and lanes`() async {
        let buffer = JobBuffer(concurrency: 1, prefetch: 5)
        #expect(await buffer.demand(atLeast: 1) == 6)
        buffer.deliver(runs(1...3), of: 6)
        #expect(await buffer.next(finished: nil)?.id == "1")
        async let lane = buffer.demand(atLeast: 100)
        #expect(buffer.close().map(\.id) == ["2", "3"])
        #expect(await lane == 0)
        #expect(await buffer.demand(atLeast: 1) == 0)
        #expect(await buffer.next(finished: 5) == nil)
        #expect(buffer.load == 0 && buffer.isClosed)
        await buffer.untilEmpty()
    }

    @Test func `a job that comes after the end does not start`() async {
        let buffer = JobBuffer(concurrency: 2, prefetch: 0)
        #expect(await buffer.demand(atLeast: 1) == 2)
        buffer.deliver(runs(1...1), of: 1)
        #expect(await buffer.next(finished: nil)?.id == "1")
        _ = buffer.close()
        buffer.deliver(runs(2...2), of: 1)
        #expect(await buffer.next(finished: 5)?.id == nil)
        #expect(buffer.load == 0)
        await buffer.untilEmpty()
    }

    @Test func `what was claimed ahead goes back when nothing starts any more, and nothing comes after it`() async {
        let buffer = JobBuffer(concurrency: 1, prefetch: nil)
        #expect(await buffer.demand(atLeast: 1) == 1)
        buffer.deliver(runs(1...5), of: 1)
        _ = await buffer.next(finished: nil)
        _ = await buffer.next(finished: 1000)
        #expect(buffer.overdue(now: 1_000_000_000).isEmpty, "the time counts from here")
        #expect(buffer.overdue(now: 1_099_999_999).isEmpty)
        #expect(buffer.overdue(now: 1_100_000_000).map(\.id) == ["3", "4", "5"])
        #expect(buffer.load == 1)
        async let lane = buffer.demand(atLeast: 1)
        buffer.finish(1000)
        #expect(await lane > 1, "quick jobs are claimed ahead again")
    }

    @Test func `while jobs start, those behind them may wait`() async {
        let buffer = JobBuffer(concurrency: 1, prefetch: nil)
        #expect(await buffer.demand(atLeast: 1) == 1)
        buffer.deliver(runs(1...10), of: 1)
        for step in 0..<9 {
            _ = await buffer.next(finished: step == 0 ? nil : 1000)
            #expect(buffer.overdue(now: (step + 1) * 1_000_000_000).isEmpty)
        }
    }

    @Test func `a configured number of jobs claimed ahead stays`() async {
        let buffer = JobBuffer(concurrency: 1, prefetch: 5)
        buffer.deliver(runs(1...5), of: 0)
        for step in 1...5 { #expect(buffer.overdue(now: step * 1_000_000_000).isEmpty) }
    }

    @Test func `a job that is claimed anew takes the place of its run that has not started`() async {
        let buffer = JobBuffer(concurrency: 1, prefetch: 5)
        let lease = makeLease()
        lease.hold(3)
        buffer.deliver([makeRun("1", lease: lease), makeRun("2", lease: lease)], of: 0)
        #expect(buffer.replace(with: makeRun("2", lease: lease, claim: 9)))
        #expect(!buffer.replace(with: makeRun("3", lease: lease)))
        #expect(buffer.waiting.map(\.id) == ["1", "2"] && buffer.waiting[1].token.claim == 9)
        #expect(lease.held == 2)
    }

    @Test func `while a job will run alone nothing else is wanted`() async {
        let buffer = JobBuffer(concurrency: 2, prefetch: 0)
        #expect(await buffer.demand(atLeast: 1) == 2)
        buffer.deliver(runs(1...1), of: 2)
        #expect(await buffer.next(finished: nil)?.id == "1")
        async let alone = buffer.reserve(until: .max)
        async let lane = buffer.demand(atLeast: 2)
        buffer.finish(5)
        #expect(await alone)
        buffer.unreserve()
        #expect(await lane == 2)
    }

    /// Else a burst ends while the other lane brings the last jobs, which are then given back instead of run.
    @Test func `it is not still while another lane expects jobs, nor after they have run`() async {
        let buffer = JobBuffer(concurrency: 2, prefetch: 0)
        let before = buffer.delivered
        #expect(buffer.isStill(since: before))
        #expect(await buffer.demand(atLeast: 1) == 2)
        #expect(!buffer.isStill(since: before), "two are on their way")
        buffer.deliver(runs(1...1), of: 2)
        #expect(!buffer.isStill(since: before), "one waits")
        #expect(await buffer.next(finished: nil)?.id == "1")
        #expect(!buffer.isStill(since: before), "one runs")
        buffer.finish(5)
        #expect(!buffer.isStill(since: before), "one came and went")
        #expect(buffer.isStill(since: buffer.delivered))
    }

    @Test func `who waits too long to be alone gives up, and others are wanted again`() async {
        let buffer = JobBuffer(concurrency: 2, prefetch: 0)
        #expect(await buffer.demand(atLeast: 1) == 2)
        buffer.deliver(runs(1...1), of: 2)
        #expect(await buffer.next(finished: nil)?.id == "1")
        async let alone = buffer.reserve(until: 100)
        async let lane = buffer.demand(atLeast: 1)
        while buffer.isReserved == false { await Task.yield() }
        buffer.checkReservation(now: 99)
        #expect(buffer.isReserved)
        buffer.checkReservation(now: 100)
        #expect(await !alone)
        #expect(await lane == 1)
        #expect(!buffer.isReserved)
    }
}
