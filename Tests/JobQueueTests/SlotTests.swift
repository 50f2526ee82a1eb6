import JobModel
import TestSupport
import Testing

@testable import JobQueueWorker
@testable import JobStore

/// A run without a queue around it.
func makeRun(_ id: String, timeoutMs: Int = 1000, lease: Lease = makeLease(), claim: Int = 1) -> Run {
    var envelope = Envelope(name: "x", payload: ArraySlice("null".utf8))
    envelope.policy.timeoutMs = timeoutMs
    let job = ClaimedJob(
        id: id, token: lease.incarnation.token(claim: claim), envelope: envelope.encoded()[...], record: [])
    return Run(job, envelope, lease: lease, epoch: 1, isAlone: false)
}

func makeLease(_ queue: QueueName = .default) -> Lease {
    Lease(queue: queue, incarnation: Incarnation(7), born: "1", length: .seconds(30))
}

/// A slot's deadline word, step by step, with the time in the test's hand.
@Suite(.timeLimit(.minutes(1))) struct SlotTests {
    private let slot = Slot()

    @Test func `a run that ends in time was not cancelled`() {
        let run = makeRun("a")
        slot.begin(run, now: 100, deadline: 200)
        #expect(slot.checkDeadline(now: 199, killAfter: 1) == nil)
        #expect(slot.cancellation(of: run) == nil)
        #expect(slot.current?.started == 100)
        #expect(slot.end() == nil)
        #expect(slot.clear() == nil)
        #expect(slot.current == nil)
    }

    @Test func `the deadline cancels the run, once`() {
        let run = makeRun("a")
        slot.begin(run, now: 100, deadline: 200)
        #expect(slot.checkDeadline(now: 200, killAfter: 1000) == nil)
        #expect(slot.cancellation(of: run) == .timeout)
        #expect(!slot.cancel(.cancelled), "what was cancelled is not cancelled again")
        #expect(slot.end() == .timeout)
        #expect(slot.cancellation(of: run) == nil, "the word is idle after the end")
    }

    @Test func `a run without time limit is never timed out, but can be cancelled`() {
        let run = makeRun("a", timeoutMs: -1)
        slot.begin(run, now: 100, deadline: Slot.never)
        #expect(slot.checkDeadline(now: .max - 1, killAfter: 0) == nil)
        #expect(slot.cancellation(of: run) == nil)
        #expect(slot.cancel(.shutdown))
        #expect(slot.checkDeadline(now: .max - 1, killAfter: 0) == nil, "only a time limit kills")
        #expect(slot.end() == .shutdown)
    }

    @Test func `a handler that ignores its time limit is named once its grace is over`() {
        slot.begin(makeRun("a", timeoutMs: 1000), now: 5, deadline: 1_000_000_005)
        #expect(slot.checkDeadline(now: 1_000_000_005, killAfter: 500) == nil)
        #expect(slot.checkDeadline(now: 1_000_000_505, killAfter: 500) == nil)
        #expect(slot.checkDeadline(now: 1_000_000_506, killAfter: 500)?.id == "a")
    }

    @Test func `an idle slot cannot be cancelled, and the next run does not hear of it`() {
        #expect(!slot.cancel(.shutdown))
        let run = makeRun("a")
        slot.begin(run, now: 1, deadline: 2)
        _ = slot.end()
        #expect(!slot.cancel(.cancelled), "the run is over although it is still there")
        _ = slot.clear()
        let next = makeRun("b")
        slot.begin(next, now: 3, deadline: 10)
        #expect(slot.cancellation(of: next) == nil)
        #expect(slot.cancellation(of: run) == nil)
        #expect(slot.end() == nil)
    }

    @Test func `only the run that is meant is cancelled`() {
        slot.begin(makeRun("a"), now: 1, deadline: 10)
        #expect(!slot.cancel(.cancelled) { $0.id == "b" })
        #expect(slot.cancel(.cancelled) { $0.id == "a" })
        #expect(slot.end() == .cancelled)
    }

    @Test func `whoever waits for a cancellation hears of it, also when it came before`() async {
        slot.beginLoop()
        slot.begin(makeRun("a"), now: 1, deadline: 10)
        slot.cancel(.cancelled)
        await slot.untilCancelled()
        _ = (slot.end(), slot.clear())
        slot.beginLoop()
        async let heard: Void = slot.untilCancelled()
        slot.endLoop()
        await heard
    }

    @Test func `a job claimed anew waits for its old run here`() throws {
        let lease = makeLease()
        slot.begin(makeRun("a", lease: lease), now: 1, deadline: 10)
        let again = makeRun("a", lease: lease, claim: 2)
        #expect(!slot.follow(with: makeRun("b")))
        #expect(!slot.follow(with: makeRun("a", lease: makeLease(try QueueName("other")))))
        #expect(slot.follow(with: again))
        _ = slot.end()
        #expect(slot.clear() === again)
        #expect(slot.clear() == nil)
    }
}
