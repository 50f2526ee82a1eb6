import CPostgres

/// Where a Postgres is, and who asks: what libpq understands, so everything of its documentation holds, with `PGPASSFILE`,
/// service files, the `PG…` environment and certificates.
/// https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
///
/// Printed, it is the address without password and parameters.
public struct PostgresConfiguration: Sendable {
    /// What was said, by libpq's keyword; the rest are its defaults and the environment's.
    let keywords: [String: String]
    /// How long a connection may take, the resolution of names not counted. At least 1 ms; the default is 5 s.
    public var connectTimeout = Duration.seconds(5)
    /// Keep the plans of statements for the next time. The default is true. Say false behind a proxy that gives every
    /// transaction another connection and does not know prepared statements, such as PgBouncer before 1.21.
    public var preparesStatements = true
    /// What takes too long, or is not wanted any more, is cancelled at the server, and the connection goes on. Without, the
    /// connection is given up at once: a server that stands still does not obey. The default is true.
    package var cancelsAtServer = true

    /// `postgres://user:password@host:5432/database?sslmode=verify-full`, or `host=… dbname=…`. In an address, what is not a
    /// letter or digit of user and password is percent-encoded.
    ///
    /// Throws `badConfiguration`, without the text: a password may stand in it.
    public init(url: String) throws(PostgresError) {
        guard !Self.isTorn(url) else {
            throw .badConfiguration("in user and password write %40 for @, %2F for / and %3A for :")
        }
        var trouble: UnsafeMutablePointer<CChar>?
        guard !url.utf8.contains(0), let options = PQconninfoParse(url, &trouble) else {
            PQfreemem(trouble)
            throw .badConfiguration("use postgres://user:password@host:5432/database")
        }
        keywords = Self.words(options)
        let ports = (keywords["port"] ?? "").split(separator: ",")
        guard ports.allSatisfy({ Int($0).map { (1...65535).contains($0) } ?? false }) else {
            throw .badConfiguration("the port must be a number from 1 to 65535, and / in a password is written %2F")
        }
    }

    /// An address with an @ behind that of the user and password: a password that is not encoded. libpq would take a part of
    /// it for a host, a port or a database, and name it in its messages.
    private static func isTorn(_ url: String) -> Bool {
        guard let scheme = ["postgres://", "postgresql://"].first(where: { url.hasPrefix($0) }) else { return false }
        var rest = url.dropFirst(scheme.count)
        if let end = rest.firstIndex(where: { "@/".contains($0) }), rest[end] == "@" { rest = rest[end...].dropFirst() }
        return rest.prefix { $0 != "?" }.contains("@")
    }

    /// Takes over libpq's table.
    private static func words(_ options: UnsafeMutablePointer<PQconninfoOption>) -> [String: String] {
        defer { PQconninfoFree(options) }
        var found: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { found[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        return found
    }

    /// The server has to prove who it is (`sslmode=verify-full`), or no network is between: its address is a unix socket or
    /// this machine. Elsewhere somebody on the way may read along and answer in its place. The environment counts as for a
    /// connection.
    public var isVerified: Bool {
        let words = PQconndefaults().map(Self.words) ?? [:]
        func word(_ name: String) -> String? { (keywords[name] ?? words[name]).flatMap { $0.isEmpty ? nil : $0 } }
        if word("sslmode") == "verify-full" || word("sslrootcert") == "system" { return true }
        guard let places = word("hostaddr") ?? word("host") else { return true }
        return places.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { place in
            place.isEmpty || place.hasPrefix("/") || place.hasPrefix("@")
                || ["localhost", "127.0.0.1", "::1"].contains(place)
        }
    }
}

/// Without the password, and without anything that may hold one.
extension PostgresConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        let user = keywords["user"].map { "\($0)@" } ?? ""
        let host = keywords["host"] ?? keywords["hostaddr"] ?? "localhost"
        let port = keywords["port"].map { ":\($0)" } ?? ""
        return "postgres://\(user)\(host)\(port)/\(keywords["dbname"] ?? "")"
    }

    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["address": description]) }
}
