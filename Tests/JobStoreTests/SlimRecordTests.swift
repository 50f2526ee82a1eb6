import JobModel
import JobStore
import Redis
import TestSupport
import Testing

/// Above the limit of succeeded records only the id is kept, for 15 s.
@Suite(.timeLimit(.minutes(1))) struct SlimRecordTests {
    private func done(_ id: String, ttl: Int = 60_000) -> Settlement {
        Settlement(id: id, token: token(1), disposition: .done(ttlMs: ttl, result: Array("1".utf8)))
    }

    @Test(arguments: [60_000, 1, -1])
    func `above the limit a record loses envelope, history and result`(ttl: Int) async throws {
        let errors = (0...9).map { "errors b/\($0) = {}" }
        let queue = try await runningStage(
            ["a": 1, "b": 1, "c": 1], ["meta limit_succeeded = 2", "succeeded x = 5", "runs b = {}"] + errors)
        let (_, _, changes) = try await queue.twice {
            try await $0.settle(worker, [done("a"), done("b", ttl: ttl), done("c", ttl: 0)])
        }
        let gone = Changes(lines: (0...9).map { "errors b/\($0) gone" })
        #expect(
            changes == [
                "running a gone", "succeeded a = \(start + 60_000)", "results a = 1",
                "running b gone", "succeeded b = \(start + 15_000)", "jobs b = ", "runs b gone",
                "running c gone", "jobs c gone", "meta succeeded = 3",
            ] + gone)
    }

    @Test func `a slim record is forgotten like any other`() async throws {
        let queue = try await runningStage(["a": 1], ["meta limit_succeeded = 0"])
        _ = try await queue.settle(worker, [done("a")])
        let view = try await queue.inspect(["a"], full: true).jobs[0]
        #expect(view.state == .succeeded)
        #expect(view.envelope == [])
        #expect(view.result == nil)
        #expect(try await queue.at(start + 14_999).prune().forgotten == 0)
        #expect(try await queue.at(start + 15_000).prune().forgotten == 1)
        #expect(try await queue.picture()["jobs a"] == nil)
    }

    @Test func `without a limit there is room for a hundred thousand`() async throws {
        let queue = try await runningStage(["a": 1, "b": 1])
        let fill = "for k = 1, 99999 do redis.call('ZADD', KEYS[1], 1, k) end"
        let key = Key.succeeded.name(in: queue.name)
        _ = try await queue.client.send(.init("EVAL", fill, "1", key))
        _ = try await queue.settle(worker, [done("a"), done("b")])
        let result = try await queue.inspect(["a", "b"], full: true).jobs.map { $0.envelope.isEmpty }
        #expect(result == [false, true])
        _ = try await queue.client.send(.init("DEL", key))
    }
}
