import Crypto

/// One step of the schema: a file in `Migrations/`, applied once, in the order of the numbers, and never changed after it was
/// released.
package struct Migration: Sendable, Equatable {
    package let version: Int
    package let name: String
    package let sql: String

    /// All that this version of the software knows, in order.
    package static let all = [
        Migration(1, "outbox", PackageResources._001_outbox_sql),
        Migration(2, "enqueue", PackageResources._002_enqueue_sql),
        Migration(3, "once", PackageResources._003_once_sql),
        Migration(4, "grants", PackageResources._004_grants_sql),
    ]

    private init(_ version: Int, _ name: String, _ bytes: [UInt8]) {
        self.version = version
        self.name = name
        sql = text(bytes)
    }

    /// SHA-256 of the file, in hexadecimal.
    package var checksum: String {
        SHA256.hash(data: Array(sql.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// What is known of the schema of a database beside what this software brings.
package struct SchemaStatus: Sendable, Equatable {
    package struct Applied: Sendable, Equatable {
        package var version: Int
        package var name: String
        package var checksum: String
        /// ms since 1970.
        package var appliedMs: Int
    }

    /// In order.
    package var applied: [Applied]

    /// What `migrate` would do, in order.
    package var pending: [Migration] {
        Migration.all.filter { migration in !applied.contains { $0.version == migration.version } }
    }

    /// Files that are not what was applied under their number: somebody changed one, or it is another software's schema.
    package var changed: [Migration] {
        Migration.all.filter { migration in
            applied.contains { $0.version == migration.version && $0.checksum != migration.checksum }
        }
    }

    /// Steps of a newer version of this software. They keep what older versions need.
    package var newer: [Applied] { applied.filter { $0.version > Migration.all.count } }

    package var isReady: Bool { pending.isEmpty && changed.isEmpty }
}
