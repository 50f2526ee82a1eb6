import Foundation
import JobModel
import JobQueueClient
import JobStore
import ProcessSupport
import TestSupport
import Testing

extension WaitTests {
    /// `SOAK_SECONDS` is how long the load goes on.
    @Suite struct SoakTests {
        static let seconds = number("SOAK_SECONDS", otherwise: 10)
        private static var isLong: Bool { seconds >= 120 }

        @Test(.timeLimit(.minutes(2 + seconds / 50)))
        func `under a steady load of everything a worker takes what it took, and nothing goes astray`() async throws {
            try await Site.run { site in
                let supervisor = try site.worker(
                    "supervisor", lease: "5s", slots: 20, "--processes", "2", "--demo-handlers", "--exec",
                    "soak.cat=/bin/cat", "--log-level", "error")
                try await site.haveBeaten(2)
                var load = Load(site)
                var samples = Samples(site, supervisor: supervisor.pid)
                try await every(.milliseconds(100), for: .seconds(Self.seconds)) { step in
                    try await load.send(step)
                    if step % (Self.isLong ? 30 : 3) == 0 { try await samples.take() }
                }
                try await load.end()
                try await site.drained()
                print(
                    "soak: \(load.succeeding + load.dying + load.cancelled) jobs in \(Self.seconds) s, \(samples.table)"
                )
                #expect(samples.growth(isLong: Self.isLong) == [])
                let snapshot = try await site.store.snapshot()
                #expect(snapshot.total("succeeded") == load.succeeding)
                #expect(snapshot.total("dead") == load.dying)
                #expect(snapshot.total("cancelled") == load.cancelled)
                supervisor.signal(SIGTERM)
                #expect(try await supervisor.exit() == 0)
                #expect(try await Audit(site.store).findings == [])
            }
        }

        /// Ten steps a second.
        private struct Load {
            private let site: Site
            /// To be cancelled, with the step that each was sent in.
            private var doomed: [(step: Int, handle: JobHandle)] = []
            private(set) var succeeding = 0
            private(set) var dying = 0
            private(set) var cancelled = 0

            init(_ site: Site) { self.site = site }

            mutating func send(_ step: Int) async throws {
                for _ in 0..<3 { try await succeed("test.number", #"{"number":1,"ms":5}"#) }
                try await succeed("test.hold", #"{"ms":10}"#)
                try await succeed("test.number", #"{"number":1,"ms":0}"#, in: .seconds(1))
                if step % 2 == 0 {
                    try await succeed("soak.cat", #"{"some":"payload"}"#)
                    try await succeed("demo.fail", #"{"times":2}"#)
                }
                if step % 5 == 0 {
                    _ = try await site.producer.enqueue(
                        name: "test.sleep", payload: #"{"ms":60000}"#,
                        options: JobOptions(maxAttempts: 1, timeout: .milliseconds(300)))
                    dying += 1
                    doomed.append(
                        (step, try await site.producer.enqueue(name: "test.sleep", payload: #"{"ms":60000}"#)))
                    cancelled += 1
                }
                while let first = doomed.first, first.step + 5 <= step {
                    try await first.handle.cancel()
                    doomed.removeFirst()
                }
            }

            /// Cancels what is left.
            mutating func end() async throws {
                for (_, handle) in doomed { try await handle.cancel() }
                doomed = []
            }

            private mutating func succeed(_ name: String, _ payload: String, in delay: Duration? = nil) async throws {
                let options = JobOptions(backoff: .fixed(.milliseconds(200)), resultTTL: .seconds(15))
                _ = try await site.producer.enqueue(name: name, payload: payload, in: delay, options: options)
                succeeding += 1
            }
        }
    }
}
