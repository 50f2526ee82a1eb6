package import Postgres

/// Everything that was collected of a Postgres and its outbox: facts without opinions. What could not be seen says why.
package struct PostgresExamination: Sendable {
    package typealias Seen<Value> = Result<Value, OutboxError>

    package var server: PostgresConfiguration
    package var schema: Seen<SchemaStatus>
    /// Whether a relay could work: fails with what keeps it from that.
    package var relay: Seen<Bool>
    package var backlog: Seen<Outbox.Backlog>
    package var capacity: Seen<Outbox.Capacity>
    package var plan: Plan

    /// What is configured here.
    package struct Plan: Sendable, Equatable {
        /// Processes that are to run on this machine, at least one.
        package var processes: Int
        /// They move rows as well.
        package var isRelaying: Bool
        /// How long a row may wait.
        package var maxAge: Duration

        package init(processes: Int, isRelaying: Bool, maxAge: Duration) {
            self.processes = max(1, processes)
            self.isRelaying = isRelaying
            self.maxAge = maxAge
        }

        /// One to look at the outbox, and one for the relay, of each process, at most.
        package var connections: Int { processes * (isRelaying ? 2 : 1) }
    }

    package init(
        server: PostgresConfiguration, schema: Seen<SchemaStatus>, relay: Seen<Bool>, backlog: Seen<Outbox.Backlog>,
        capacity: Seen<Outbox.Capacity>, plan: Plan
    ) {
        self.server = server
        self.schema = schema
        self.relay = relay
        self.backlog = backlog
        self.capacity = capacity
        self.plan = plan
    }

    /// Looks, and changes nothing. What is refused is part of what is seen.
    package static func examine(_ server: PostgresConfiguration, _ plan: Plan) async -> Self {
        let outbox: Outbox
        do throws(OutboxError) { outbox = try await Outbox.open(server) } catch {
            return Self(
                server: server, schema: .failure(error), relay: .failure(error), backlog: .failure(error),
                capacity: .failure(error), plan: plan)
        }
        defer { outbox.connection.close() }
        return Self(
            server: server, schema: await seen(outbox.schema),
            relay: await seen { () throws(OutboxError) in
                try await outbox.check()
                return true
            },
            backlog: await seen(outbox.backlog), capacity: await seen(outbox.capacity), plan: plan)
    }

    private static func seen<Value>(_ look: () async throws(OutboxError) -> Value) async -> Seen<Value> {
        do throws(OutboxError) { return .success(try await look()) } catch { return .failure(error) }
    }
}
