import Foundation
import JobQueueExec
import TestSupport
import Testing

extension ExecTests {
    /// A program that runs beside the process, not for a job.
    @Suite(.timeLimit(.minutes(1))) struct CompanionTests {
        @Test func `its end is told with what it left`() async throws {
            let companion = try await Companion.start(ExecHandler("/bin/sh", "-c", "echo out; echo err >&2; exit 3"))
            let end = try #require(await companion.end())
            #expect(end.code == 3 && end.signal == nil && end.output == "out\n" && end.errors == "err")
            #expect(await companion.end() == end, "whoever asks later hears the same")
            #expect(await companion.stop() == end)
        }

        @Test func `it is stopped by TERM, and killed when that does not help`() async throws {
            let polite = try await Companion.start(ExecHandler("sleep", "1000"))
            #expect(await polite.stop().signal == 15)
            let ready = "/tmp/queue-test-\(UUID().uuidString.prefix(8))"
            defer { unlink(ready) }
            var deaf = ExecHandler("/bin/sh", "-c", "trap '' TERM; echo >\(ready); sleep 1000; sleep 1000")
            deaf.grace = .milliseconds(50)
            let companion = try await Companion.start(deaf)
            try await eventually({ access(ready, F_OK) }, is: { $0 == 0 })
            let end = await companion.stop()
            #expect(end.signal == 9 && end.wasKilled)
        }

        @Test func `who waits for its end can be cancelled, who stops it cannot`() async throws {
            let companion = try await Companion.start(ExecHandler("sleep", "1000"))
            await withTaskGroup(of: Bool.self) { group in
                group.addTask { await companion.end() == nil }
                group.cancelAll()
                #expect(await group.next() == true)
            }
            await withTaskGroup(of: Bool.self) { group in
                group.cancelAll()
                group.addTask { await companion.stop().signal == 15 }
                #expect(await group.next() == true)
            }
        }

        @Test func `one that cannot be started says why`() async throws {
            await #expect { try await Companion.start(ExecHandler("/nowhere/program")) } throws: {
                "\($0)".contains("/nowhere/program is missing")
            }
        }
    }
}
