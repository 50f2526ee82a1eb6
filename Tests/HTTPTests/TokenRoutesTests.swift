import FoundationEssentials
import HTTPTypes
import Hummingbird
import JobModel
import JobQueueClient
import NIOCore
import Redis
import TestSupport
import Testing

@testable import JobQueueHTTP
@testable import JobStore

@Suite(.timeLimit(.minutes(1))) struct TokenRoutesTests {
    private struct Document: Decodable {
        var id: String
        var token: String?
        var scopes, queues: [String]
        var note, createdAt, createdBy: String
        var expiresAt, lastUsedAt: String?
        var rate: Int?
    }
    private struct List: Decodable { var items: [Document] }

    private static func read<T: Decodable>(_ type: T.Type, _ answer: Answer) throws -> T {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(answer.text.utf8))
    }

    private static func end(_ id: String, _ door: Doorstep, _ token: AccessToken) async throws -> Answer {
        let route = try #require(door.api.routes.first { $0.method == .delete && $0.path == "/v1/tokens/{id}" })
        return try await door.ask(.delete, "/v1/tokens/\(id)", token.header, by: route, ["id": id])
    }

    @Test func `a token is made, used, listed without its secret, and ended`() async throws {
        try await Doorstep.open { door in
            let manager = try await door.token(Set(Scope.allCases))
            let body =
                #"{"scopes":["jobs:read"],"queues":["mail*"],"note":"sh\u001bop","expires_in_ms":60000,"rate":9}"#
            let made = try await door.ask(.post, "/v1/tokens", manager.header, body: body)
            #expect(made.status == .created && made.headers[.cacheControl] == "no-store")
            let document = try Self.read(Document.self, made)
            let token = try #require(AccessToken(document.token ?? ""))
            #expect(document.id == token.id && document.scopes == ["jobs:read"] && document.queues == ["mail*"])
            let ends = Timestamp.milliseconds(try #require(document.expiresAt)) ?? 0
            #expect(abs(try await door.queue.store.time() + 60_000 - ends) < 60_000 && document.rate == 9)
            #expect(document.createdBy == "token:\(manager.id)" && document.note == #"sh\u{1b}op"#)
            #expect(try await door.admit(token).caller.queues == ["mail*"])

            let listed = try await door.ask(.get, "/v1/tokens", manager.header)
            let tokens = try Self.read(List.self, listed).items
            #expect(tokens.map(\.id).sorted() == [manager.id, token.id].sorted())
            #expect(tokens.first { $0.id == token.id }?.lastUsedAt != nil)
            #expect(!listed.text.contains(token.reveal().dropFirst(16)) && !listed.text.contains("sha256"))

            #expect(try await Self.end(token.id, door, manager).status == .noContent)
            #expect(try await Self.end(token.id, door, manager).status == .notFound)
            door.clock.pass(.seconds(5))
            #expect(try await door.refusal(token)?.kind == .unauthenticated)
            let audits = door.lines.of("audit")
            #expect(audits.count == 3 && audits[0].contains("token_id=\(token.id)"))
            #expect(audits[1].contains("token_id=\(token.id)") && audits[2].contains("http_status=404"))
        }
    }

    @Test func `without a body's fields a token gets what a producer needs`() async throws {
        try await Doorstep.open { door in
            let manager = try await door.token(Set(Scope.allCases))
            let document = try Self.read(
                Document.self, try await door.ask(.post, "/v1/tokens", manager.header, body: "{}"))
            #expect(document.scopes == ["jobs:read", "jobs:write", "payload:read"] && document.queues == ["*"])
            #expect(document.expiresAt == nil && document.rate == nil)
        }
    }

    @Test func `nobody makes a token that may do more or lives longer than the own one`() async throws {
        try await Doorstep.open { door in
            let end = try await door.queue.store.time() + 3_600_000
            let manager = try await door.token([.tokensManage, .jobsRead], ["mail*"], expiresMs: end)
            func make(_ fields: String) async throws -> Int {
                try await door.ask(.post, "/v1/tokens", manager.header, body: "{\(fields)}").status.code
            }
            let good = #""scopes":["jobs:read"],"queues":["mail-a"],"expires_in_ms":3500000"#
            #expect(try await make(good) == 201)
            // Over before anybody can use it, but asked for as it may be.
            for _ in 0..<5 { #expect(try await make(good.replacing("3500000", with: "1")) == 201) }
            #expect(try await make(good.replacing("jobs:read", with: "jobs:write")) == 403)
            #expect(try await make(good.replacing("mail-a", with: "sms")) == 403)
            #expect(try await make(good.replacing("mail-a", with: "*")) == 403)
            #expect(try await make(good.replacing("3500000", with: "3600001")) == 403)
            #expect(try await make(#""scopes":["jobs:read"],"queues":["mail-a"]"#) == 403)
            #expect(try await door.registry.all().count == 7)
        }
    }

    @Test func `nobody sees or ends a token that may do more than the own one`() async throws {
        try await Doorstep.open { door in
            let manager = try await door.token([.tokensManage, .jobsRead], ["mail*"])
            let (own, other) = (
                try await door.token([.jobsRead], ["mail-a"]), try await door.token([.jobsRead], ["sms"])
            )
            let seen = try Self.read(List.self, try await door.ask(.get, "/v1/tokens", manager.header)).items
            #expect(Set(seen.map(\.id)) == [manager.id, own.id])
            let (missing, hidden) = (
                try await Self.end("000000000000", door, manager), try await Self.end(other.id, door, manager)
            )
            #expect(missing.status == .notFound && hidden.status == .notFound)
            #expect(try await Self.end("a\u{1B}/../b", door, manager).status == .notFound)
            #expect(try await Self.end(own.id, door, manager).status == .noContent)
            #expect(try await door.registry.all().count == 2)
        }
    }

    @Test(arguments: [
        (#"{"scopes":["jobs:fly"]}"#, 422, "/scopes", "jobs:manage"), (#"{"scopes":[]}"#, 422, "/scopes", "jobs:read"),
        (#"{"scopes":"jobs:read"}"#, 422, "/scopes", "list"), (#"{"queues":["a b"]}"#, 422, "/queues", "a b"),
        (#"{"expires_in_ms":0}"#, 422, "/expires_in_ms", "from 1 to"),
        (#"{"expires_at":"2126-01-01T00:00:00Z"}"#, 422, "/expires_at", "no such field"),
        (#"{"rate":-1}"#, 422, "/rate", "0"),
        (#"{"expires":"90d"}"#, 422, "/expires", "no such field"), ("[]", 400, "", "object"), ("", 400, "", "object"),
    ])
    func `a body that cannot be a token is refused by its field`(
        body: String, status: Int, pointer: String, word: String
    ) async throws {
        try await Doorstep.open { door in
            let manager = try await door.token(Set(Scope.allCases))
            let answer = try await door.ask(.post, "/v1/tokens", manager.header, body: body)
            #expect(answer.status.code == status && answer.text.contains(word), "\(answer.text)")
            if !pointer.isEmpty { #expect(answer.text.contains("\"pointer\":\"\(pointer)\"")) }
            #expect(try await door.registry.all().count == 1)
        }
    }

    @Test func `without tokens at the door nobody can make any`() async throws {
        try await Doorstep.open { door in
            let api = JobQueueAPI(queue: door.queue)
            let route = try #require(api.routes.first { $0.method == .post && $0.path == "/v1/tokens" })
            let head = HTTPRequest(method: .post, scheme: nil, authority: nil, path: route.path)
            let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(string: "{}")))
            #expect(await api.respond(to: request, by: route, [:]).status == .forbidden)
            let guarded = JobQueueAPI(queue: door.queue, tokens: true)
            #expect(await guarded.respond(to: request, by: route, [:]).status == .unauthorized)
            let headers = (try await door.token()).header
            let get = Request(
                head: HTTPRequest(method: .get, scheme: nil, authority: nil, path: "/", headerFields: headers),
                body: RequestBody(buffer: ByteBuffer()))
            let open = Route(.get, "/v1/x", .jobsRead) { _ in Answer(.ok) }
            let answer = await guarded.respond(to: get, by: open, [:])
            #expect(answer.status == .ok && answer.headers[.rateLimitPolicy] == #""default";q=600000;w=60"#)
        }
    }

    @Test func `a token that expired a month ago is swept away by the next one`() async throws {
        try await Doorstep.open { door in
            let now = try await door.queue.store.time()
            let old = try await door.token(expiresMs: now - TokenRegistry.rememberedMs - 1000)
            let recent = try await door.token(expiresMs: now - 1000)
            #expect(try await door.registry.all().map(\.record.id).contains(recent.id))
            _ = try await door.token()
            let left = try await door.registry.all().map(\.record.id)
            #expect(left.count == 2 && !left.contains(old.id) && left.contains(recent.id))
        }
    }

    @Test func `no secret gets into a log or an answer, whatever goes wrong`() async throws {
        try await Doorstep.open(rate: 1, timeout: .seconds(2)) { door in
            let manager = try await door.token(Set(Scope.allCases), note: "boss")
            let (weak, forged) = (try await door.token([.statsRead]), try TokenGateTests.forged(id: manager.id))
            var answers: [String] = []
            for token in [manager, weak, forged, AccessToken()] {
                for header in ["Bearer \(token.reveal())", "Basic \(token.reveal())", "Bearer \(token.reveal())x"] {
                    for (method, path) in [(HTTPRequest.Method.get, "/v1/tokens"), (.post, "/v1/tokens")] {
                        let answer = try await door.ask(method, path, [.authorization: header], body: "{\"a\":1}")
                        answers.append("\(answer.text) \(answer.headers)")
                    }
                }
                door.clock.pass(.seconds(2))
            }
            door.redis.kill()
            door.clock.pass(.seconds(90))
            answers.append(try await door.ask(.get, "/v1/tokens", manager.header).text)
            let texts = door.lines.all + answers
            #expect(
                texts.contains { $0.contains("auth.unavailable") } && texts.contains { $0.contains("quota-exceeded") })
            for token in [manager, weak, forged] {
                let secret = token.reveal().dropFirst(16).prefix(30)
                let hash = token.digest.map { String($0, radix: 16) }.joined().prefix(20)
                for text in texts { #expect(!text.contains(secret) && !text.contains(hash), "\(text)") }
            }
        }
    }
}
