extension RedisConfiguration {
    /// Reads `redis://[user[:password]@]host[:port][/database]` or `unix://[user[:password]@]/path[?db=database]`, with
    /// percent-encoding in every part. The port defaults to 6379, the database to 0.
    ///
    /// `rediss://` is `redis://` with TLS. Its parameters, all of them optional and joined with `&`:
    ///
    ///     ca_file      PEM file with the only CAs to trust; without it, those of the system
    ///     cert_file    PEM file with the client's certificate and its chain; needs key_file
    ///     key_file     PEM file with the private key, without a passphrase; needs cert_file
    ///     server_name  the name that the server's certificate must have; without it, the host
    ///
    /// Files are read when a connection is made, not here.
    ///
    /// Throws when the URL cannot be meant as written; nothing in it is ever ignored.
    package init(url: String) throws(RedisURLError) {
        guard let colon = url.firstRange(of: "://") else { throw .scheme }
        let parts = try Parts(url[colon.upperBound...])
        switch url[..<colon.lowerBound].lowercased() {
        case "redis":
            try self.init(tcp: parts)
            try parts.query.refuseTLS()
        case "rediss":
            try self.init(tcp: parts)
            tls = try parts.query.tls()
        case "unix":
            try self.init(unix: parts)
            try parts.query.refuseTLS()
        default: throw .scheme
        }
    }

    private init(tcp parts: Parts) throws(RedisURLError) {
        let endpoint = try Self.endpoint(parts.host)
        guard parts.path.isEmpty || parts.path == "/" || parts.query.database == nil else { throw .database }
        let database = parts.path.dropFirst()
        self.init(
            endpoint: endpoint, database: database.isEmpty ? parts.query.database ?? 0 : try Self.database(database))
        (username, password) = (parts.username, parts.password.map(Secret.init))
    }

    private init(unix parts: Parts) throws(RedisURLError) {
        guard parts.host.isEmpty, parts.path.count > 1 else { throw .path }
        let path = try Self.decode(parts.path)
        // The room in the system's `sockaddr_un`, less the final zero.
        guard path.utf8.count <= 107, !path.utf8.contains(0) else { throw .path }
        self.init(endpoint: .unix(path: path), database: parts.query.database ?? 0)
        (username, password) = (parts.username, parts.password.map(Secret.init))
    }

    /// `host`, `host:port`, `[address]` or `[address]:port`.
    private static func endpoint(_ text: Substring) throws(RedisURLError) -> Endpoint {
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { throw .host }
            let address = text[text.index(after: text.startIndex)..<end]
            guard address.contains(":"), address.utf8.allSatisfy(isAddressByte) else { throw .host }
            return .tcp(host: String(address), port: try port(text[text.index(after: end)...]))
        }
        let end = text.firstIndex(of: ":") ?? text.endIndex
        let host = try decode(text[..<end])
        guard !host.isEmpty, host.utf8.allSatisfy(isHostByte) else { throw .host }
        return .tcp(host: host, port: try port(text[end...]))
    }

    private static func port(_ text: Substring) throws(RedisURLError) -> Int {
        if text.isEmpty { return 6379 }
        guard text.first == ":", let port = number(text.dropFirst()), (1...65535).contains(port) else { throw .port }
        return port
    }

    static func database(_ text: Substring) throws(RedisURLError) -> Int {
        guard let database = number(text), database <= Int(Int32.max) else { throw .database }
        return database
    }

    /// Plain digits only: `Int.init` would also take a sign.
    private static func number(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
    }

    private static func isAddressByte(_ byte: UInt8) -> Bool {
        Character(UnicodeScalar(byte)).isHexDigit || [UInt8(ascii: ":"), UInt8(ascii: ".")].contains(byte)
    }

    static func isHostByte(_ byte: UInt8) -> Bool {
        let character = Character(UnicodeScalar(byte))
        // Bytes beyond ASCII belong to names that the resolver may know in UTF-8.
        return byte >= 0x80 || character.isLetter || character.isNumber || ["-", ".", "_"].contains(character)
    }

    static func decode(_ text: Substring) throws(RedisURLError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexValue), let low = rest.popFirst().flatMap(hexValue) else {
                throw .percentEncoding
            }
            bytes.append(UInt8(high << 4 | low))
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else { throw .percentEncoding }
        return decoded
    }

    private static func hexValue(_ byte: UInt8) -> Int? { Character(UnicodeScalar(byte)).hexDigitValue }
}

/// What stands between the marks of a URL, after its scheme.
private struct Parts {
    var username: String?
    var password: String?
    var host: Substring
    var path: Substring
    var query: RedisURLQuery

    init(_ text: Substring) throws(RedisURLError) {
        guard !text.contains("#") else { throw .parameter }
        let mark = text.firstIndex(of: "?") ?? text.endIndex
        let slash = text[..<mark].firstIndex(of: "/") ?? mark
        path = text[slash..<mark]
        query = try RedisURLQuery(text[mark...].dropFirst())
        // The last @ ends the password, as in browsers: a bare @ inside it does no harm.
        let at = text[..<slash].lastIndex(of: "@")
        host = text[(at.map(text.index(after:)) ?? text.startIndex)..<slash]
        if let at { (username, password) = try Self.credentials(text[..<at]) }
    }

    /// `user`, `user:password` or `:password`.
    private static func credentials(_ text: Substring) throws(RedisURLError) -> (String?, String?) {
        let colon = text.firstIndex(of: ":") ?? text.endIndex
        let username = try RedisConfiguration.decode(text[..<colon])
        let password = try RedisConfiguration.decode(text[colon...].dropFirst())
        let isNothing = username.isEmpty && password.isEmpty
        return (username.isEmpty ? nil : username, isNothing || colon == text.endIndex ? nil : password)
    }
}
