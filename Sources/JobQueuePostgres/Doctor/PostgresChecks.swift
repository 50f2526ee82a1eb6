import JobModel
package import JobStore
import Postgres

/// What `doctor` says of Postgres.
extension PostgresExamination {
    /// In the order of the page.
    package static let checks: [Check<PostgresExamination>] = [postgres, schema, relay, outbox, rejected, backends]

    static let postgres = Check<PostgresExamination>("postgres") { seen in
        let address = "\(seen.server)"
        if let error = seen.absence {
            return .fail(
                "\(address): \(error)", "see that it runs, and postgres.url: rows of the outbox wait meanwhile")
        }
        guard !seen.server.isVerified else { return .ok(address) }
        return .warn(
            "\(address) leaves this machine, and nobody checks that it is the right server",
            "postgres.url: sslmode=verify-full and sslrootcert=FILE, unless the network is yours alone")
    }

    static let schema = Check<PostgresExamination>("schema") { seen in
        seen.withServer(seen.schema) { schema in
            if !schema.changed.isEmpty {
                return .fail(
                    "\(OutboxError.changed(schema.changed.map(\.version)))", "run: queue-worker postgres status")
            }
            if !schema.pending.isEmpty {
                let steps = schema.pending.map { "\($0.version) \($0.name)" }.joined(separator: ", ")
                return .fail(
                    schema.applied.isEmpty ? "there is no schema jobqueue" : "the schema lacks \(steps)",
                    "run: queue-worker postgres migrate")
            }
            let newer = schema.newer.isEmpty ? "" : ", and newer steps, which take nothing away"
            return .ok("\(Quantity.of(Migration.all.count, "step")) applied\(newer)")
        }
    }

    static let relay = Check<PostgresExamination>("relay") { seen in
        guard seen.plan.isRelaying else { return .ok("workers here move no rows (postgres.relay: false)") }
        switch seen.relay {
        case .success: return .ok("workers here move rows")
        case .failure(.notMigrated), .failure(.changed): return .unknown("it needs the schema", "see schema")
        case .failure(.denied(let text)):
            return .fail(text, "the owner of the schema: SELECT jobqueue.grant_relay('this role')")
        case .failure(.unfit(let text)): return .fail(text, elsewhere)
        case .failure(.postgres(let error)): return .unknown("\(error)", "see postgres")
        }
    }

    private static let elsewhere = "name another server or database in postgres.url"

    static let outbox = Check<PostgresExamination>("outbox") { seen in
        seen.withServer(seen.backlog) { backlog in
            guard let age = backlog.oldestMs else { return .ok("no row waits") }
            let waiting =
                "\(Quantity.count(backlog.rows)) \(backlog.rows == 1 ? "row waits" : "rows wait"), "
                + "the oldest for \(Quantity.time(ms: age))"
            guard .milliseconds(age) > seen.plan.maxAge else { return .ok(waiting) }
            let limit = Quantity.time(ms: Int(seen.plan.maxAge / .milliseconds(1)))
            return .warn(
                "\(waiting) (postgres.max_age is \(limit))",
                "run a relay (queue-worker relay, or run with postgres.url) and look at its log; a full "
                    + "queue holds its rows back")
        }
    }

    static let rejected = Check<PostgresExamination>("rejected") { seen in
        seen.withServer(seen.backlog) { backlog in
            if backlog.rejected == 0 { return .ok("every row became a job, or still can") }
            let rows = "\(Quantity.count(backlog.rejected)) \(backlog.rejected == 1 ? "row" : "rows")"
            return .warn(
                "no job could be made of \(rows)", "run: queue-worker relay ls, then relay retry or relay delete")
        }
    }

    static let backends = Check<PostgresExamination>("backends") { seen in
        seen.withServer(seen.capacity) { capacity in
            let (limit, plan) = (capacity.limit - capacity.reserved, seen.plan)
            // Ours that are there already are part of the plan; the one that asks is not.
            let used = max(0, capacity.used - 1)
            let more = max(0, plan.connections - max(0, capacity.ours - 1))
            let text =
                "\(used) of \(limit) connected, \(more) more for what is configured here "
                + "(\(plan.processes == 1 ? "1 process" : "\(plan.processes) processes"))"
            guard used + more > limit else { return .ok(text) }
            return .warn(
                "\(text): they do not fit",
                "max_connections of Postgres (a restart), fewer processes, or relays elsewhere (postgres.relay: false)")
        }
    }

    /// Why nobody answers, or lets us in.
    private var absence: PostgresError? {
        // The first that would have been answered.
        guard case .failure(.postgres(let error)) = capacity, case .failure(.postgres) = schema else { return nil }
        return error
    }

    /// What was not seen because nobody answered stands in one row only.
    private func withServer<Value>(_ seen: Seen<Value>, _ look: (Value) -> Verdict) -> Verdict {
        switch seen {
        case .success(let value): return look(value)
        case .failure(.notMigrated): return .unknown("it needs the schema", "see schema")
        case .failure(.unfit(let text)): return .fail(text, Self.elsewhere)
        case .failure(.denied(let text)):
            return .unknown(
                text, "the owner of the schema: SELECT jobqueue.grant_viewer('this role')")
        case .failure(let error):
            return absence == nil
                ? .unknown("\(error)", "try again") : .unknown("Postgres cannot be asked", "see postgres")
        }
    }
}
