import Foundation
import JobQueueClient
import JobQueuePostgres
import Jobs
import Postgres

/// Takes an order: `shop-order tea 2`. The order and the job for its receipt are there both, or neither.
@main struct ShopOrder {
    static func main() async throws {
        let words = CommandLine.arguments
        guard words.count == 3, let amount = Int(words[2]) else { fail("usage: shop-order ITEM AMOUNT", 64) }
        let url = ProcessInfo.processInfo.environment["POSTGRES_URL"] ?? "postgres://localhost/shop"
        let connection = try await PostgresConnection.connect(PostgresConfiguration(url: url))
        do {
            let (order, job) = try await take(words[1], amount, connection)
            print("order \(order), receipt by job \(job)")
        } catch PostgresError.server(let refusal) where refusal.sqlState == "23514" {
            fail("there is not so much \(words[1]): no order, and no job", 1)
        }
    }

    static func take(
        _ item: String, _ amount: Int, _ connection: PostgresConnection
    ) async throws -> (order: Int, job: String) {
        try await connection.transaction { connection in
            let row = try await connection.query(
                "INSERT INTO orders (item, amount) VALUES ($1, $2::integer) RETURNING id", [.text(item), .int(amount)])
            let order = row.int(0, 0) ?? 0
            let job = try await connection.enqueue(SendReceipt(order: order))
            // What goes wrong later takes the job along: the table keeps no negative stock.
            try await connection.query(
                "UPDATE stock SET amount = amount - $2::integer WHERE item = $1", [.text(item), .int(amount)])
            return (order, job)
        }
    }

    private static func fail(_ text: String, _ code: Int32) -> Never {
        FileHandle.standardError.write(Data((text + "\n").utf8))
        exit(code)
    }
}
