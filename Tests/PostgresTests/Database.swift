import Foundation
import JobQueuePostgres
import Postgres
import TestSupport

/// A database that nobody else uses, with the schema, on the shared server or on one given.
struct Database: Sendable {
    let server: PrivatePostgres
    let name: String
    let connection: PostgresConnection

    var url: String { server.url(user: "postgres", database: name) }
    var outbox: Outbox { Outbox(connection) }

    static func make(on server: PrivatePostgres? = nil, isMigrated: Bool = true) async throws -> Database {
        let server = try await Threads.run { try server ?? PrivatePostgres.shared.get() }
        let name = "d-\(UUID().uuidString)"
        let admin = try await PostgresConnection.connect(PostgresConfiguration(url: server.url))
        defer { admin.close() }
        try await admin.query("CREATE DATABASE \"\(name)\"")
        let url = server.url(user: "postgres", database: name)
        let database = Database(
            server: server, name: name,
            connection: try await PostgresConnection.connect(PostgresConfiguration(url: url)))
        if isMigrated { _ = try await Migrator(database.connection).migrate() }
        return database
    }

    /// For tests that leave nothing behind.
    static func shared() async throws -> Database { try await Shared.instance.database() }

    private actor Shared {
        static let instance = Shared()
        private var made: Task<Database, any Error>?

        func database() async throws -> Database {
            if let made { return try await made.value }
            let task = Task { try await Database.make() }
            made = task
            return try await task.value
        }
    }

    /// One more connection.
    func connect(user: String = "postgres") async throws -> PostgresConnection {
        var configuration = try PostgresConfiguration(url: server.url(user: user, database: name))
        // Hundreds may come at once.
        configuration.connectTimeout = .seconds(60)
        return try await PostgresConnection.connect(configuration)
    }

    /// A role of this database with the grants that the documentation names for a producer. Roles belong to the server, so its
    /// name is as odd as the database's.
    func producer() async throws -> String {
        let role = "r-\(UUID().uuidString)"
        try await connection.run(
            script: """
                CREATE ROLE "\(role)" LOGIN;
                SELECT jobqueue.grant_producer('"\(role)"');
                """)
        return role
    }

    /// Calls a function of the contract; what stands between the brackets, and its parameters.
    @discardableResult
    func enqueue(_ arguments: String, _ parameters: [PostgresValue] = []) async throws(PostgresError) -> String {
        try await connection.query("SELECT jobqueue.enqueue(\(arguments))", parameters).text(0, 0) ?? ""
    }

    /// A value of all rows that wait, oldest first.
    func rows(_ expression: String) async throws -> [String?] {
        let found = try await connection.query("SELECT \(expression) FROM jobqueue.outbox ORDER BY created_at, id")
        return (0..<found.rowCount).map { found.text($0, 0) }
    }
}

extension PostgresError {
    var sqlState: String? { if case .server(let error) = self { error.sqlState } else { nil } }
}
