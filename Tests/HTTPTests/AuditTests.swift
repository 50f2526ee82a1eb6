import HTTPTypes
import JobModel
import TestSupport
import Testing

@testable import JobQueueHTTP
@testable import JobStore

@Suite(.timeLimit(.minutes(1))) struct AuditTests {
    private static func route(
        _ method: HTTPRequest.Method, _ path: String = "/v1/queues/{queue}/jobs/{id}",
        _ handle: @escaping Route.Handler = { _ in Answer(.ok) }
    ) -> Route { Route(method, path, .jobsRead, handle) }

    private static let place = ["queue": "mail", "id": "a1"]

    @Test func `a request that changes something leaves one line that says who, what and how it ended`() async throws {
        try await Doorstep.open { door in
            let token = try await door.token(note: "the shop")
            var headers = token.header
            headers[.requestID] = "req-7"
            _ = try await door.ask(.delete, "/", headers, by: Self.route(.delete), Self.place)
            let line = try #require(door.lines.of("audit").first)
            let words = [
                "info changed", "http_method=DELETE", "http_route=/v1/queues/{queue}/jobs/{id}", "http_status=200",
                "token=\(token.id)", "note=the shop", "queue=mail", "job_id=a1", "request_id=req-7",
            ]
            #expect(door.lines.of("audit").count == 1 && words.allSatisfy { line.contains($0) }, "\(line)")
        }
    }

    @Test func `what the body named is in the line too`() async throws {
        try await Doorstep.open { door in
            let token = try await door.token()
            let many = Self.route(.post, "/v1/jobs/batch") { _ in
                var answer = Answer(.created)
                answer.change = Change(queue: "sms", jobs: 250)
                return answer
            }
            _ = try await door.ask(.post, "/", token.header, body: "canary-payload", by: many)
            let line = try #require(door.lines.of("audit").first)
            #expect(line.contains("queue=sms") && line.contains("jobs=250") && !line.contains("note="))
            #expect(!door.lines.all.contains { $0.contains("canary-payload") })
        }
    }

    @Test func `reading leaves no line, and neither does somebody unknown`() async throws {
        try await Doorstep.open { door in
            let token = try await door.token()
            for method in [HTTPRequest.Method.get, .head, .options] {
                _ = try await door.ask(method, "/", token.header, by: Self.route(method), Self.place)
            }
            #expect(try await door.ask(.delete, "/", by: Self.route(.delete), Self.place).status == .unauthorized)
            #expect(door.lines.of("audit").isEmpty)
        }
    }

    @Test func `a change that was refused has its line, with the status and the token`() async throws {
        try await Doorstep.open { door in
            let (token, weak) = (try await door.token(), try await door.token([.statsRead]))
            let fails = Self.route(.post) { _ async throws(Problem) in throw Problem(.conflict, "no") }
            _ = try await door.ask(.post, "/", token.header, by: fails, Self.place)
            _ = try await door.ask(.post, "/", weak.header, by: fails, Self.place)
            let lines = door.lines.of("audit")
            #expect(lines.count == 2 && lines.allSatisfy { $0.hasPrefix("info not changed") })
            #expect(lines[0].contains("http_status=409") && lines[0].contains("token=\(token.id)"))
            #expect(lines[1].contains("http_status=403") && lines[1].contains("token=\(weak.id)"))
        }
    }

    @Test func `hostile notes and names stay on their line`() async throws {
        try await Doorstep.open { door in
            let token = try await door.token(note: "a\nb\u{1B}[2J\u{202E}")
            let hostile = ["queue": "q\r\ninfo changed event=audit", "id": "\u{0}\u{9B}31m"]
            _ = try await door.ask(.put, "/", token.header, by: Self.route(.put), hostile)
            let line = try #require(door.lines.of("audit").first)
            #expect(
                line.unicodeScalars.allSatisfy {
                    $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) && $0 != "\u{202E}"
                })
            #expect(line.contains(#"note=a\u{a}b\u{1b}[2J\u{202e}"#))
        }
    }
}
