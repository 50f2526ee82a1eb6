import CPostgres

/// Where a Postgres is, and who asks: what libpq understands, so everything of its documentation holds, with `PGPASSFILE`,
/// service files and certificates. https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
package struct PostgresConfiguration: Sendable {
    /// What was said, by libpq's keyword; the rest are its defaults and the environment's.
    let keywords: [String: String]
    /// How long a connection may take, name resolution not counted. The default is 5 s.
    package var connectTimeout = Duration.seconds(5)

    /// `postgres://user:password@host:5432/database?sslmode=verify-full`, or `host=… dbname=…`.
    ///
    /// Throws `badConfiguration`, without the text: a password may stand in it.
    package init(url: String) throws(PostgresError) {
        var trouble: UnsafeMutablePointer<CChar>?
        guard !url.utf8.contains(0), let options = PQconninfoParse(url, &trouble) else {
            PQfreemem(trouble)
            throw .badConfiguration("use postgres://user:password@host:5432/database")
        }
        defer { PQconninfoFree(options) }
        var found: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { found[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        keywords = found
    }

    /// The server's certificate and its name are checked, or there is no network between.
    package var isVerified: Bool {
        (keywords["host"] ?? keywords["hostaddr"]).map { $0.hasPrefix("/") } ?? false
            || keywords["sslmode"] == "verify-full"
    }
}

/// Without the password, and without anything that may hold one.
extension PostgresConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        let user = keywords["user"].map { "\($0)@" } ?? ""
        let host = keywords["host"] ?? keywords["hostaddr"] ?? "localhost"
        let port = keywords["port"].map { ":\($0)" } ?? ""
        return "postgres://\(user)\(host)\(port)/\(keywords["dbname"] ?? "")"
    }

    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["address": description]) }
}
