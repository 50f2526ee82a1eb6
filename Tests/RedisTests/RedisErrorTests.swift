import Testing

@testable import Redis

@Suite(.timeLimit(.minutes(1))) struct RedisErrorTests {
    static let words: [(String, RedisError)] = [
        ("WRONGPASS invalid pair", .authentication("WRONGPASS invalid pair")),
        ("NOAUTH Authentication required.", .authentication("NOAUTH Authentication required.")),
        ("ERR invalid password", .authentication("ERR invalid password")),
        (
            "ERR AUTH <password> called without any password configured for the default user. Are you sure?",
            .authentication(
                "ERR AUTH <password> called without any password configured for the default user. Are you sure?")
        ),
        (
            "ERR Client sent AUTH, but no password is set",
            .authentication("ERR Client sent AUTH, but no password is set")
        ),
        ("NOPERM no", .permission("NOPERM no")),
        ("OOM command not allowed", .outOfMemory), ("READONLY You can't write", .readOnly),
        ("LOADING Redis is loading", .loading), ("BUSY Redis is busy", .busy),
        ("MISCONF Redis is configured", .persistence),
        ("NOSCRIPT No matching script.", .noScript), ("WRONGTYPE Operation", .wrongType), ("TRYAGAIN x", .tryAgain),
        ("MOVED 1 127.0.0.1:7001", .moved("1 127.0.0.1:7001")), ("ASK 1 h:2", .ask("1 h:2")),
        ("CLUSTERDOWN x", .clusterDown), ("MASTERDOWN x", .masterDown), ("UNBLOCKED x", .unblocked),
        ("NOREPLICAS Not enough", .noReplicas),
        ("ERR user_script:1: boom script: abc", .script("user_script:1: boom script: abc")),
        ("ERR Error running script (call to f_x)", .script("Error running script (call to f_x)")),
        ("ERR Error compiling script (new function): x", .script("Error compiling script (new function): x")),
        ("ERR unknown command", .server(word: "ERR", message: "unknown command")),
        ("LEASELOST job 1", .server(word: "LEASELOST", message: "job 1")),
        ("WRONGTYPESETTING x", .server(word: "WRONGTYPESETTING", message: "x")),
        ("ERR", .server(word: "ERR", message: "")), ("", .server(word: "", message: "")),
    ]

    @Test(arguments: words) func `the first word decides`(message: String, expected: RedisError) {
        #expect(RedisError(serverMessage: message.utf8) == expected)
    }

    @Test func `a message is cut and cannot forge lines or steer a terminal`() {
        let hostile = "ERR a\u{1B}[2J\u{0}b\u{202E}c\u{2028}d\u{85}" + String(repeating: "é", count: 1000)
        guard case .server(_, let message) = RedisError(serverMessage: hostile.utf8) else {
            Issue.record("not the expected kind")
            return
        }
        #expect(message.hasPrefix("a?[2J?b?c?d?é"))
        #expect(message.utf8.count <= RedisError.messageLimit + 2)
    }

    @Test func `only what was certainly not done may be repeated without a thought`() {
        let errors =
            Self.words.map(\.1) + [
                .unreachable("x"), .timedOut(sent: true), .timedOut(sent: false), .connectionLost(sent: true),
                .connectionLost(sent: false), .closed, .protocolError("x"),
            ] + RedisTLSFailure.all.map(RedisError.tls)
        for error in errors {
            #expect(!(error.isRetryable && error.outcomeIsUnknown))
            #expect(!error.description.isEmpty && !error.description.contains("\n"))
        }
        #expect(
            RedisError.timedOut(sent: true).outcomeIsUnknown && RedisError.connectionLost(sent: true).outcomeIsUnknown)
        #expect(RedisError.timedOut(sent: false).isRetryable && RedisError.unreachable("").isRetryable)
        #expect(RedisError.closed.outcomeIsUnknown)
        let passing: [RedisTLSFailure] = [.stale(.untrusted), .silentServer, .hungUp]
        #expect(RedisTLSFailure.all.filter { RedisError.tls($0).isRetryable } == passing)
        for error in [RedisError.wrongType, .authentication(""), .permission(""), .script(""), .noScript, .closed] {
            #expect(!error.isRetryable)
        }
    }
}

extension RedisTLSFailure {
    /// One of each.
    static let all: [RedisTLSFailure] = [
        .file(RedisTLSFileError(option: .caFile, path: "a\nb", problem: .noCertificate)), .stale(.untrusted),
        .noAuthorities, .untrusted, .expired(since: 0), .notYetValid(until: 0), .wrongName("h"),
        .clientCertificateMissing, .clientCertificateRefused("x"), .handshake("x"), .plainServer, .silentServer,
        .encryptedServer, .hungUp,
    ]
}
