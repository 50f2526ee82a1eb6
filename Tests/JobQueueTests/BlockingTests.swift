import Foundation
import JobModel
import JobQueueClient
import JobStore
import Logging
import Synchronization
import TestSupport
import Testing

@testable import JobQueueWorker

/// Handlers on threads of their own.
@Suite(.serialized, .timeLimit(.minutes(2))) struct BlockingTests {
    private struct Sum: Job {
        static let name = "sum"
        var numbers: [Int]
    }

    /// Holds threads up, not tasks.
    private final class Dam: Sendable {
        private let condition = NSCondition()
        private let isOpen = Mutex(false)

        func open() {
            isOpen.withLock { $0 = true }
            condition.withLock { condition.broadcast() }
        }

        /// Returns once it is open; asks every few ms whether to give up, as a polling C library would.
        func wait(unless isOver: () -> Bool = { false }) {
            condition.withLock {
                while !isOpen.withLock({ $0 }), !isOver() {
                    _ = condition.wait(until: Date(timeIntervalSinceNow: 0.005))
                }
            }
        }
    }

    /// The kernel's number of the calling thread.
    private static var thread: Int {
        Int(
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self"))?.split(separator: "/")
                .last ?? "") ?? 0
    }

    @Test func `blocked handlers starve neither other handlers nor heartbeats`() async throws {
        let rig = try await Rig.make()
        let dam = Dam()
        let entered = Log<Void>()
        // More than the pool has threads.
        let count = ProcessInfo.processInfo.activeProcessorCount * 4
        let handlers = Handlers { handlers in
            handlers.on(name: "block", as: .blocking) { _, _ in
                entered.note(())
                dam.wait()
                return nil
            }
            handlers.on(name: "quick") { _, _ in "1" }
        }
        var blocked: [JobHandle] = []
        for _ in 0..<count { blocked.append(try await rig.enqueue("block")) }
        try await rig.with { $0.concurrency = count + 1 }.working(handlers) { _ in
            try await entered.items(count: count)
            for _ in 0..<20 { #expect(try await rig.enqueue("quick").outcome().result?.json == "1") }
            // The lease is 3 s: it has been extended, and nothing was given to anybody else.
            let lease = try await rig.leaseDeadline()
            try await eventually {
                try await rig.leaseDeadline()
            } is: {
                $0 > lease
            }
            dam.open()
            for handle in blocked { #expect(try await handle.outcome().result?.attempt == 1) }
        }
    }

    @Test func `threads are used again, and there are never more than slots`() async throws {
        let rig = try await Rig.make()
        let threads = Mutex(Set<Int>())
        let name = Log<String>()
        let handlers = Handlers { handlers in
            handlers.on(name: "x", as: .blocking) { _, _ in
                threads.withLock { _ = $0.insert(Self.thread) }
                if name.items.isEmpty {
                    let text = FileManager.default.contents(atPath: "/proc/thread-self/comm") ?? Data()
                    name.note(String(decoding: text, as: UTF8.self))
                }
                return nil
            }
        }
        _ = await rig.jobs.enqueue(
            contentsOf: [JobQueue.BareJob](repeating: .init(name: "x"), count: 1000), options: rig.options())
        try await rig.drain(handlers) { $0.concurrency = 3 }
        #expect(try await rig.store.snapshot().count(.succeeded) == 1000)
        #expect((1...3).contains(threads.withLock { $0.count }))
        #expect(name.items.first == "blocking job\n")
    }

    @Test func `a thread with nothing to do ends after a while, and all end with the worker`() async throws {
        let threads = BlockingThreads(rest: .milliseconds(50))
        #expect(try await threads.run { 1 } == 1)
        try await eventually {
            threads.count
        } is: {
            $0 == 0
        }
        #expect(try await threads.run { 2 } == 2)
        let patient = BlockingThreads(rest: .seconds(1000))
        let dam = Dam()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<5 {
                group.addTask {
                    try await patient.run {
                        dam.wait()
                        return number
                    }
                }
            }
            try await eventually {
                patient.count
            } is: {
                $0 == 5
            }
            dam.open()
            #expect(try await group.reduce(0, +) == 10)
        }
        #expect(patient.count == 5)
        patient.close()
        #expect(patient.count == 0)
        // What still comes is done.
        #expect(try await patient.run { 3 } == 3)
        #expect(patient.count == 0)
    }

    @Test func `work that comes one after the other needs one thread`() async throws {
        let threads = BlockingThreads(rest: .seconds(1000))
        for number in 0..<5000 { #expect(try await threads.run { number } == number) }
        #expect(threads.count == 1)
        threads.close()
    }

    @Test func `threads that end meet work that comes just then`() async throws {
        let threads = BlockingThreads(rest: .nanoseconds(1))
        for number in 0..<5000 { #expect(try await threads.run { number } == number) }
        try await eventually {
            threads.count
        } is: {
            $0 == 0
        }
    }

    @Test func `a blocking handler hears of its time limit and of a cancellation`() async throws {
        let rig = try await Rig.make()
        let told = Log<CancellationReason?>()
        let entered = Log<Void>()
        let dam = Dam()
        let handlers = Handlers { handlers in
            handlers.on(name: "x", as: .blocking) { _, context in
                entered.note(())
                #expect(context.deadline != nil && context.cancellation == nil)
                try context.checkCancellation()
                dam.wait { context.isCancelled }
                told.note(context.cancellation)
                try context.checkCancellation()
                return nil
            }
        }
        try await rig.working(handlers) { _ in
            let slow = try await rig.enqueue("x") { options in
                options.timeout = .milliseconds(100)
                options.maxAttempts = 1
            }
            #expect(try await slow.outcome().death?.reason == .timeout)
            let asked = try await rig.enqueue("x")
            try await entered.items(count: 2)
            try await asked.cancel()
            #expect(try await asked.outcome().isCancelled)
        }
        #expect(told.items == [.timeout, .cancelled])
    }

    @Test func `a blocking handler's result, error and wish are as those of others`() async throws {
        let rig = try await Rig.make()
        let handlers = Handlers { handlers in
            handlers.on(Sum.self, as: .blocking) { job, context in
                context.logger.info("adding")
                if job.numbers.isEmpty { throw JobError.permanent("nothing to add") }
                if job.numbers == [0] { throw Mishap(description: "zero") }
                return job.numbers.reduce(0, +)
            }
            handlers.on(name: "text", as: .blocking) { payload, _ in payload }
            handlers.on(Silent.self, as: .blocking) { _, _ in }
        }
        let once: (inout JobOptions) -> Void = { $0.maxAttempts = 1 }
        let sum = try await rig.enqueue("sum", #"{"numbers":[1,2]}"#)
        let none = try await rig.enqueue("sum", #"{"numbers":[]}"#)
        let zero = try await rig.enqueue("sum", #"{"numbers":[0]}"#, once)
        let bad = try await rig.enqueue("sum", #"{"numbers":1}"#)
        let text = try await rig.enqueue("text", #"{"a":1}"#)
        let silent = try await rig.enqueue("silent", "{}")
        try await rig.working(handlers) { _ in
            let added = try await sum.outcome()
            #expect(added.result?.json == "3")
            #expect(try await none.outcome().death?.reason == .permanent)
            #expect(try await zero.outcome().death?.message == "zero")
            #expect(try await bad.outcome().death?.reason == .payload)
            #expect(try await text.outcome().result?.json == #"{"a":1}"#)
            #expect(try await silent.outcome().result?.json == "null")
        }
        let errors = try await rig.view(of: zero.id, when: .dead).errors
        #expect(errors.map(\.type) == ["Mishap"])
    }

    private struct Silent: Job { static let name = "silent" }

    @Test func `isolated handlers that nobody saw to are refused at the start`() async throws {
        let rig = try await Rig.make()
        let handlers = Handlers { handlers in
            handlers.on(name: "b", as: .isolated) { _, _ in nil }
            handlers.on(Sum.self, as: .isolated(maxMemoryBytes: 1 << 30)) { job, _ in job.numbers.count }
        }
        #expect(handlers.names == ["b", "sum"])
        let error = #expect(throws: JobQueueError.self) { _ = try rig.worker(handlers) }
        #expect(error?.code == .badOption)
        #expect(try #require(error).message.contains("isolated handlers (b, sum) need `await handlers.isolate()`"))
    }
}

extension Rig {
    /// Until when the only member's lease runs, ms.
    fileprivate func leaseDeadline() async throws -> Double {
        let workers = try await store.snapshot().workers
        return workers.first?.deadline ?? 0
    }
}
