import Foundation
import Postgres
import ProcessSupport
import TestSupport
import Testing

extension Site {
    /// The shared Postgres, in a database of its own, with the schema. Answers its address.
    func database() async throws -> String {
        let server = try await Threads.run { try PrivatePostgres.shared.get() }
        let name = "p-\(UUID().uuidString)"
        let admin = try await PostgresConnection.connect(PostgresConfiguration(url: server.url))
        try await admin.query("CREATE DATABASE \"\(name)\"")
        admin.close()
        let url = server.url(user: "postgres", database: name)
        let migrate = try await command("migrate", "postgres", "migrate", "--postgres-url", url)
        #expect(migrate.status == 0 && migrate.output.contains("applied 1 outbox\n"), "\(migrate.log)")
        return url
    }
}
