/// What stands behind the `?` of a Redis URL.
struct RedisURLQuery {
    private(set) var database: Int?
    private var paths: [Substring: String] = [:]
    private var serverName: String?

    /// Reads `name=value` pairs, joined with `&`. Nothing at all is fine.
    init(_ text: Substring) throws(RedisURLError) {
        if text.isEmpty { return }
        var seen: Set<Substring> = []
        for pair in text.split(separator: "&", omittingEmptySubsequences: false) {
            guard let sign = pair.firstIndex(of: "=") else { throw .parameter }
            let name = pair[..<sign]
            let value = pair[pair.index(after: sign)...]
            guard seen.insert(name).inserted else { throw .parameter }
            switch name {
            case "db": database = try RedisConfiguration.database(value)
            case "ca_file", "cert_file", "key_file": paths[name] = try Self.path(value)
            case "server_name": serverName = try Self.serverName(value)
            default: throw .parameter
            }
        }
    }

    /// The parameters of TLS.
    func tls() throws(RedisURLError) -> RedisTLS {
        var tls = RedisTLS(caFile: paths["ca_file"], serverName: serverName)
        switch (paths["cert_file"], paths["key_file"]) {
        case (let certificate?, let key?): tls.identity = RedisTLS.Identity(certFile: certificate, keyFile: key)
        case (nil, nil): break
        default: throw .identity
        }
        return tls
    }

    /// Throws if there is a parameter of TLS, for a URL without it.
    func refuseTLS() throws(RedisURLError) {
        if !paths.isEmpty || serverName != nil { throw .unencrypted }
    }

    private static func path(_ text: Substring) throws(RedisURLError) -> String {
        let path = try RedisConfiguration.decode(text)
        guard !path.isEmpty, !path.utf8.contains(0) else { throw .file }
        return path
    }

    private static func serverName(_ text: Substring) throws(RedisURLError) -> String {
        let name = try RedisConfiguration.decode(text)
        // Digits and dots alone are an address.
        guard !name.isEmpty, name.utf8.count < 256, name.utf8.allSatisfy(RedisConfiguration.isHostByte),
            !name.allSatisfy({ $0.isNumber || $0 == "." })
        else { throw .serverName }
        return name
    }
}
