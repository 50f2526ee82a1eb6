import JobModel
import Redis
import TestSupport
import Testing

@testable import JobStore

/// Who may say that a change is written down. Disks that make it wait are for the tests of faults.
@Suite(.timeLimit(.minutes(1))) struct ConfirmTests {
    @Test(arguments: ["no", "everysec", "always", nil])
    func `a change is confirmed at once where nothing stands in the way`(fsync: String?) async throws {
        try await withQueue(fsync.map { ["--appendonly", "yes", "--appendfsync", $0] } ?? []) { queue, _ in
            try await queue.confirm(queue.enqueue([job("a")]).receipt, timeout: .zero)
            #expect(try await queue.cancel(["a"]) == [.cancelled])
        }
    }

    @Test func `another server than the one that made the change cannot confirm it`() async throws {
        try await withQueue([]) { queue, server in
            let receipt = try await queue.enqueue([job("a")]).receipt
            try await queue.confirm(receipt)
            server.kill()
            try server.start()
            // The first may still go to the connection that has died.
            while (try? await queue.client.send(Command("PING"))) == nil {}
            await #expect(throws: StoreError.redis(.connectionLost(sent: true))) { try await queue.confirm(receipt) }
        }
    }

    @Test func `whoever may not ask does not take that for a confirmation`() async throws {
        try await withQueue([]) { queue, _ in
            _ = try await queue.client.send(Command("ACL", "SETUSER", "default", "-info"))
            let receipt = try await queue.enqueue([job("a")]).receipt
            let error = await #expect(throws: StoreError.self) { try await queue.confirm(receipt) }
            guard case .redis(.permission) = error else {
                Issue.record("\(error as Any)")
                return
            }
        }
    }

    private func withQueue(
        _ options: [String], _ body: (QueueStore, PrivateRedis) async throws -> Void
    ) async throws {
        let server = try await PrivateRedis.launch(options)
        let client = try await TestQueue.client(server)
        try await body(QueueStore(.default, client: client), server)
        await client.close()
    }
}
