import ArgumentParser
import Foundation
import JobModel
import JobQueuePostgres
import Postgres

struct PostgresCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "postgres", abstract: "Bring the schema of the outbox up to date, and look at it.",
        discussion: "Docs/postgres.md says what the schema is for, and which rights whom to grant.",
        subcommands: [Migrate.self, Status.self])

    struct Migrate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "migrate", abstract: "Make the schema jobqueue, or bring it up to date.",
            discussion: """
                Each step is applied in a transaction of its own. Several may be started at once: one works, the others find
                nothing to do. The role must be allowed to create a schema in the database, or own the one that is there.
                """)

        @OptionGroup var postgres: PostgresAlone

        @Flag(help: "Print the SQL that is missing, and do nothing.")
        var dryRun = false

        func run() async throws {
            let settings = try postgres.settings()
            try await settings.withOutbox { outbox in
                if dryRun {
                    let status = try await Migrator(outbox.connection).status()
                    if status.pending.isEmpty { return Output.error("nothing to do: the schema is up to date") }
                    return try Output.print(Migrator.script(for: status))
                }
                let done = try await Migrator(outbox.connection).migrate()
                if done.isEmpty { return try Output.print("nothing to do: the schema is up to date") }
                for migration in done { try Output.print("applied \(migration.version) \(migration.name)") }
            }
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "status", abstract: "Show which steps of the schema are applied, and what waits.",
            discussion: "Exit 1 when a step is missing or was changed after it was applied.")

        @OptionGroup var postgres: PostgresAlone

        @Flag(help: "One JSON document.")
        var json = false

        func run() async throws {
            let settings = try postgres.settings()
            let server = try settings.required()
            let isReady = try await settings.withOutbox { outbox in
                let status = try await outbox.schema()
                let sheet = SchemaSheet(
                    server, status, status.isReady ? try await outbox.backlog() : nil)
                if json { try Output.json(sheet) } else { for line in sheet.lines { try Output.print(line) } }
                return status.isReady
            }
            if !isReady { throw Failure(.failed, "the schema is not up to date: run `queue-worker postgres migrate`") }
        }
    }
}

/// What `postgres status` tells.
struct SchemaSheet: Encodable {
    struct Step: Encodable {
        var version: Int
        var name: String
        /// `applied`, `pending`, `changed` or `newer`.
        var state: String
        var appliedMs: Int?
    }

    var server: String
    var steps: [Step]
    var rows: Int?
    var oldestMs: Int?
    var rejected: Int?

    init(_ server: PostgresConfiguration, _ status: SchemaStatus, _ backlog: Outbox.Backlog?) {
        self.server = "\(server)"
        let changed = Set(status.changed.map(\.version))
        let newer = Set(status.newer.map(\.version))
        steps = status.applied.map { step in
            let state =
                changed.contains(step.version) ? "changed" : newer.contains(step.version) ? "newer" : "applied"
            return Step(version: step.version, name: step.name, state: state, appliedMs: step.appliedMs)
        }
        steps += status.pending.map { Step(version: $0.version, name: $0.name, state: "pending", appliedMs: nil) }
        rows = backlog?.rows
        oldestMs = backlog?.oldestMs
        rejected = backlog?.rejected
    }

    var lines: [String] {
        let table = steps.map { step in
            let when = step.appliedMs.map { "  \(Timestamp.text($0))" } ?? ""
            return "\(step.version)  \(Printable.oneLine(step.name, limit: 40))  \(step.state)\(when)"
        }
        let waiting = rows.map { rows in
            let age = oldestMs.map { ", the oldest for \($0 / 1000) s" } ?? ""
            return "\(rows) \(rows == 1 ? "row waits" : "rows wait")\(age) · \(rejected ?? 0) rejected"
        }
        return [Printable.oneLine(server, limit: 200)] + table + [waiting].compactMap(\.self)
    }
}
