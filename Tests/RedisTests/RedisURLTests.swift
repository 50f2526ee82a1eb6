import Testing

@testable import Redis

@Suite(.timeLimit(.minutes(1))) struct RedisURLTests {
    typealias Endpoint = RedisConfiguration.Endpoint

    struct Row: Sendable, CustomTestStringConvertible {
        var url: String
        var endpoint: Endpoint
        var username: String?
        var password: String?
        var database = 0
        var testDescription: String { url }
    }

    @Test(arguments: [
        Row(url: "redis://localhost", endpoint: .tcp(host: "localhost", port: 6379)),
        Row(url: "redis://localhost/", endpoint: .tcp(host: "localhost", port: 6379)),
        Row(url: "REDIS://localhost:7000/3", endpoint: .tcp(host: "localhost", port: 7000), database: 3),
        Row(url: "redis://localhost?db=4", endpoint: .tcp(host: "localhost", port: 6379), database: 4),
        Row(url: "redis://:secret@h", endpoint: .tcp(host: "h", port: 6379), password: "secret"),
        Row(url: "redis://app:secret@h", endpoint: .tcp(host: "h", port: 6379), username: "app", password: "secret"),
        Row(url: "redis://app@h", endpoint: .tcp(host: "h", port: 6379), username: "app"),
        Row(url: "redis://app:@h", endpoint: .tcp(host: "h", port: 6379), username: "app", password: ""),
        Row(url: "redis://:@h", endpoint: .tcp(host: "h", port: 6379)),
        Row(url: "redis://:a:b@c@h:1", endpoint: .tcp(host: "h", port: 1), password: "a:b@c"),
        Row(
            url: "redis://a%40b:%2F%3F%23%25%c3%A9@h", endpoint: .tcp(host: "h", port: 6379),
            username: "a@b", password: "/?#%é"),
        Row(url: "redis://[::1]:7001/2", endpoint: .tcp(host: "::1", port: 7001), database: 2),
        Row(url: "redis://:p@[fe80::1]", endpoint: .tcp(host: "fe80::1", port: 6379), password: "p"),
        Row(url: "unix:///run/redis.sock", endpoint: .unix(path: "/run/redis.sock")),
        Row(url: "unix:///run/my%20redis.sock?db=7", endpoint: .unix(path: "/run/my redis.sock"), database: 7),
        Row(
            url: "unix://app:secret@/r.sock?db=1", endpoint: .unix(path: "/r.sock"),
            username: "app", password: "secret", database: 1),
    ])
    func `a good URL says where and as whom`(row: Row) throws {
        let expected = RedisConfiguration(
            endpoint: row.endpoint, username: row.username, password: row.password.map(Secret.init),
            database: row.database)
        #expect(try RedisConfiguration(url: row.url) == expected)
    }

    static let bad: [(String, RedisURLError)] = [
        ("", .scheme), ("hunter2", .scheme), ("hunter2://h", .scheme), ("http://:hunter2@h", .scheme),
        ("redis:h", .scheme),
        (" redis://:hunter2@h", .scheme),
        ("rediss:h", .scheme), ("rediss://", .host), ("rediss://:hunter2@h?ca_file=", .file),
        ("rediss://h?ca_file=a%00b", .file), ("rediss://h?cert_file=", .file), ("rediss://h?key_file=", .file),
        ("rediss://h?cert_file=hunter", .identity), ("rediss://h?key_file=hunter", .identity),
        ("rediss://h?ca_file=%zz", .percentEncoding), ("rediss://h?ca_file=hunter&ca_file=hunter", .parameter),
        ("rediss://h?server_name=", .serverName), ("rediss://h?server_name=10.0.0.1", .serverName),
        ("rediss://h?server_name=::1", .serverName), ("rediss://h?server_name=hunter%20x", .serverName),
        ("rediss://h?insecure=true", .parameter), ("rediss://h?ca_file", .parameter), ("rediss://h?db=1&", .parameter),
        ("redis://h?ca_file=hunter", .unencrypted), ("redis://h?server_name=hunter", .unencrypted),
        ("unix:///s?cert_file=hunter&key_file=hunter", .unencrypted),
        ("redis://", .host), ("redis://:hunter2@", .host), ("redis://:hunter2@:6379", .host), ("redis:///1", .host),
        ("redis://:hunter2@[::1", .host), ("redis://:hunter2@[hunter2]", .host), ("redis://h ost", .host),
        ("redis://:hunter2@h\n", .host), ("redis://h%00", .host), ("redis://hunter2%20x", .host), ("redis://[]", .host),
        ("redis://h:", .port), ("redis://h:0", .port), ("redis://h:65536", .port), ("redis://h:+1", .port),
        ("redis://h:٣", .port), ("redis://h:99999999999999999999", .port), ("redis://[::1]6379", .port),
        ("redis://user:hunter/2@h", .port), ("redis://user:hunter2", .port), ("redis://h:6379\n", .port),
        ("redis://:hunter2@h/x", .database), ("redis://h/-1", .database), ("redis://h/1/2", .database),
        ("redis://h/2147483648", .database), ("redis://h/1?db=2", .database), ("redis://h?db=", .database),
        ("redis://h/0\n", .database),
        ("redis://:hunter2@h?ssl=true", .parameter), ("redis://:hunter#2@h", .parameter),
        ("redis://:hunter?2@h", .parameter),
        ("redis://h?db=1&ssl=true", .parameter), ("unix:///s#hunter2", .parameter),
        ("redis://:hunter2%@h", .percentEncoding), ("redis://:%zz@h", .percentEncoding),
        ("redis://:%ff@h", .percentEncoding),
        ("redis://:%4@h", .percentEncoding),
        ("unix://", .path), ("unix://run/redis.sock", .path), ("unix:///", .path), ("unix:///a%00b", .path),
        ("unix://hunter2@host/path", .path), ("unix:///" + String(repeating: "x", count: 107), .path),
    ]

    @Test(arguments: [
        ("rediss://h", RedisTLS()), ("REDISS://h?", RedisTLS()),
        ("rediss://h?ca_file=/etc/my%20ca.pem", RedisTLS(caFile: "/etc/my ca.pem")),
        ("rediss://h?server_name=redis.example.org&db=5", RedisTLS(serverName: "redis.example.org")),
        (
            "rediss://h/5?key_file=k&ca_file=a&cert_file=c",
            RedisTLS(caFile: "a", identity: RedisTLS.Identity(certFile: "c", keyFile: "k"))
        ),
    ])
    func `a URL that begins with rediss asks for TLS`(url: String, tls: RedisTLS) throws {
        var expected = RedisConfiguration(endpoint: .tcp(host: "h", port: 6379), database: url.contains("5") ? 5 : 0)
        expected.tls = tls
        #expect(try RedisConfiguration(url: url) == expected)
        #expect(try RedisConfiguration(url: "redis://h").tls == nil)
    }

    @Test(arguments: bad) func `a bad URL is refused in one line that keeps its secrets`(
        url: String, expected: RedisURLError
    ) {
        let error = #expect(throws: expected) { try RedisConfiguration(url: url) }
        let text = error?.description ?? ""
        #expect(!text.contains("hunter"))
        #expect(!text.contains("\n") && text.count > 20)
    }

    @Test(arguments: ["redis://app:hunter2@h:1/2", "redis://:hunter2@h", "unix://app:hunter2@/s?db=1"])
    func `no way of printing settings shows the password or the user`(url: String) throws {
        let configuration = try RedisConfiguration(url: url)
        var dumped = ""
        dump(configuration, to: &dumped)
        dump([configuration], to: &dumped)
        for text in [
            "\(configuration)", String(reflecting: configuration), dumped, "\(Optional(configuration) as Any)",
        ] {
            #expect(!text.contains("hunter2") && !text.contains("app"))
            #expect(text.contains("***@"))
        }
    }

    @Test(arguments: [
        ("redis://app:p@h", "redis://***@h:6379/0"), ("redis://h:1/2", "redis://h:1/2"),
        ("redis://[::1]", "redis://[::1]:6379/0"), ("rediss://:p@h?ca_file=/c", "rediss://***@h:6379/0"),
        ("unix://:p@/s?db=3", "unix://***@/s?db=3"),
    ])
    func `the redacted URL keeps everything else`(url: String, redacted: String) throws {
        #expect(try RedisConfiguration(url: url).redactedURL == redacted)
    }
}
