import Foundation
import HTTPTypes
import Hummingbird
import JobModel
import JobQueueClient
import JobStore
import TestSupport
import Testing

@testable import JobQueueHTTP

/// The API, which notes what came to it on the usual way.
private struct UsualWay: RouteTable {
    let api: JobQueueAPI
    let seen = Log<String>()

    var routes: [Route] { api.routes }

    func respond(to request: Request, by route: Route, _ parameters: [String: String]) async -> Answer {
        seen.note("\(route.method) \(route.path)")
        return await api.respond(to: request, by: route, parameters)
    }

    func note(unrouted method: HTTPRequest.Method, status: Int, after duration: Duration) {
        api.note(unrouted: method, status: status, after: duration)
    }

    func requestID(_ headers: HTTPFields) -> String { api.requestID(headers) }
}

/// A server with an express, a token that may enqueue, and connections.
private struct Station: Sendable {
    let door: Doorstep
    let usual: UsualWay
    let express: Express
    let server: APIServer
    let port: Int
    let token: AccessToken

    static func open(rate: Int = 0, _ body: @escaping @Sendable (Station) async throws -> Void) async throws {
        try await Doorstep.open(rate: rate) { door in
            let token = try await door.token([.jobsWrite], ["mail"], note: "the shop")
            let usual = UsualWay(api: door.api)
            var configuration = APIServer.Configuration()
            configuration.place = .port(host: "127.0.0.1", 0)
            let express = try #require(Express(door.api))
            let server = APIServer(table: usual, configuration, express: express)
            try await server.run { place in
                guard case .port(_, let port) = place else { return }
                let station = Station(
                    door: door, usual: usual, express: express, server: server, port: port, token: token)
                // Who is not known yet goes the usual way.
                let wire = try await Wire(port: port)
                _ = try await station.ask(wire, station.job(), answers: 1)
                try await body(station)
            }
        }
    }

    /// A request to hand over a job, as bytes.
    func job(
        _ body: String = #"{"name":"a","queue":"mail","payload":{"to":"x"}}"#, _ headers: [String] = [],
        token: String? = nil
    ) -> String {
        let all = headers + ["Authorization: Bearer \(token ?? self.token.reveal())", "Content-Type: application/json"]
        return "POST /v1/jobs HTTP/1.1\r\nHost: a\r\n"
            + (all + ["Content-Length: \(body.utf8.count)"]).map { "\($0)\r\n" }.joined() + "\r\n\(body)"
    }

    /// The same with a body of one chunk, which goes the usual way.
    func chunked(_ body: String, _ headers: [String] = []) -> String {
        let all = headers + ["Authorization: Bearer \(token.reveal())", "Content-Type: application/json"]
        return "POST /v1/jobs HTTP/1.1\r\nHost: a\r\n"
            + (all + ["Transfer-Encoding: chunked"]).map { "\($0)\r\n" }.joined()
            + "\r\n\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
    }

    /// Sends, and answers all that came on this connection once it has so many answers.
    @discardableResult
    func ask(_ wire: Wire, _ text: String, answers: Int) async throws -> String {
        try await wire.send(text)
        return try await wire.text { Self.answers(in: $0).count >= answers }
    }

    /// The whole answers of a text.
    static func answers(in text: String) -> [String] {
        var (answers, rest): ([String], Substring) = ([], text[...])
        while let end = rest.range(of: "\r\n\r\n") {
            let head = rest[..<end.lowerBound]
            let length =
                head.split(separator: "\r\n").first { $0.hasPrefix("Content-Length: ") }
                .flatMap { Int($0.dropFirst(16)) } ?? 0
            guard rest[end.upperBound...].utf8.count >= length else { break }
            let whole = rest.utf8.index(end.upperBound, offsetBy: length)
            answers.append(String(rest[..<whole]))
            rest = rest[whole...]
        }
        return answers
    }

    /// One request on a connection of its own, and which way it went.
    func exchange(_ text: String) async throws -> (answer: String, isUsual: Bool) {
        let before = usual.seen.items.count
        let answer = try await ask(try await Wire(port: port), text, answers: 1)
        return (answer, usual.seen.items.count > before)
    }
}

/// An answer without what differs from one to the next.
private func plain(_ answer: String) -> String {
    answer.replacing(/[0-9A-HJKMNP-TV-Z]{26}/, with: "ID").replacing(/\d{4}-\d\d-\d\dT[0-9:.]+Z/, with: "TIME")
        .replacing(/Date: \w{3}, \d\d \w{3} \d{4} [0-9:]{8} GMT/, with: "DATE").replacing(/r=\d+;t=\d+/, with: "LEFT")
}

extension HTTPTests {
    @Suite(.timeLimit(.minutes(1))) struct ExpressTests {
        @Test func `a job that goes by express is answered byte for byte as on the usual way`() async throws {
            try await Station.open(rate: 600) { station in
                for (body, status) in [
                    (#"{"name":"a","queue":"mail","payload":[1,"é"]}"#, "201 Created"),
                    (#"{"name":"a","queue":"mail","delay_ms":90000,"tags":["x"]}"#, "201 Created"),
                    (#"{"name":"a b","queue":"mail","colour":1}"#, "422 Unprocessable Entity"),
                    (#"{"name":"a","queue":"sms"}"#, "403 Forbidden"), ("[]", "400 Bad Request"),
                ] {
                    let id = ["X-Request-Id: req-1"]
                    let (fast, slow) = (
                        try await station.exchange(station.job(body, id)),
                        try await station.exchange(station.chunked(body, id))
                    )
                    #expect(!fast.isUsual && slow.isUsual, "\(body)")
                    #expect(fast.answer.hasPrefix("HTTP/1.1 \(status)\r\n"), "\(fast.answer)")
                    #expect(plain(fast.answer) == plain(slow.answer))
                    #expect(plain(fast.answer).contains("DATE") && plain(fast.answer).contains("LEFT"))
                }
            }
        }

        @Test func `a job that goes by express is stored, counted against the rate and written down`() async throws {
            try await Station.open(rate: 5) { station in
                let (answer, isUsual) = try await station.exchange(
                    station.job(#"{"name":"a","queue":"mail","payload":{"k":7}}"#, ["X-Request-Id: req-9"]))
                #expect(!isUsual && answer.contains("r=3;"))
                let id = try #require(answer.firstMatch(of: /"id":"(\w+)"/)?.1)
                let view = try await station.door.queue.store.queue(try QueueName("mail")).inspect(
                    [String(id)], full: true
                ).jobs[0]
                let envelope = try Envelope(parsing: view.envelope)
                #expect(String(decoding: envelope.payload, as: UTF8.self) == #"{"k":7}"#)
                #expect(envelope.requestID == "req-9")
                let lines = station.door.lines.of("audit").filter { $0.contains("request_id=req-9") }
                let words = ["info changed", "http_status=201", "note=the shop", "queue=mail", "job_id=\(id)"]
                #expect(lines.count == 1 && words.allSatisfy { lines[0].contains($0) }, "\(lines)")
                _ = try await station.exchange(station.job("[]"))
                #expect(station.door.lines.of("audit").last?.contains("not changed") == true)
                for status in ["201", "201", "429", "429"] {
                    #expect(try await station.exchange(station.job()).answer.hasPrefix("HTTP/1.1 \(status)"))
                }
            }
        }

        @Test func `what is special about a request is done on the usual way`() async throws {
            try await Station.open { station in
                let key = ["Idempotency-Key: k1"]
                for status in ["201", "200"] {
                    let (answer, isUsual) = try await station.exchange(station.job("\(Self.job)", key))
                    #expect(isUsual && answer.hasPrefix("HTTP/1.1 \(status)"))
                }
                for (text, status) in [
                    (station.job(Self.job, ["Prefer: wait=1"]), "201"),
                    (station.job(Self.job, ["Content-Encoding: gzip"]), "415"),
                    (station.job(Self.job, ["Connection: close"]), "201"),
                    (station.job(Self.job, token: "qw_nobody"), "401"),
                    (
                        station.job(
                            "{\"name\":\"a\",\"queue\":\"mail\",\"payload\":\"\(String(repeating: "x", count: 20_000))\"}"
                        ), "201"
                    ),
                    (station.job(Self.job).replacing("/v1/jobs ", with: "/v1/jobs?x=1 "), "201"),
                ] {
                    let (answer, isUsual) = try await station.exchange(text)
                    #expect(isUsual && answer.hasPrefix("HTTP/1.1 \(status)"), "\(answer)")
                }
            }
        }

        private static let job = #"{"name":"a","queue":"mail"}"#

        @Test func `a body that comes in pieces goes the usual way, and keeps nobody waiting`() async throws {
            try await Station.open { station in
                let wire = try await Wire(port: station.port)
                let text = station.job(Self.job)
                try await wire.send(String(text.dropLast(5)))
                try await station.usual.seen.items(count: 2)
                let answer = try await station.ask(wire, String(text.suffix(5)), answers: 1)
                #expect(answer.hasPrefix("HTTP/1.1 201"))
                // The next one of the same connection may go by express again.
                try await station.ask(wire, text, answers: 2)
                #expect(station.usual.seen.items.count == 2)
            }
        }

        @Test func `requests of one connection are answered in their order, whichever way they go`() async throws {
            try await Station.open { station in
                let wire = try await Wire(port: station.port)
                let hello = "GET /openapi.yaml HTTP/1.1\r\nHost: a\r\n\r\n"
                let texts = (0..<12).map { index in
                    let id = ["X-Request-Id: n\(index)"]
                    return switch index % 4 {
                    case 1: hello.replacing("Host: a", with: "Host: a\r\nX-Request-Id: n\(index)")
                    case 3: station.chunked(Self.job, id)
                    default: station.job(Self.job, id)
                    }
                }
                station.door.redis.freeze()
                try await wire.send(texts.joined())
                try await eventually {
                    station.express.load
                } is: {
                    $0 == 1
                }
                // What needs no Redis is not answered before what does.
                try await station.ask(try await Wire(port: station.port), hello, answers: 1)
                #expect(wire.text.isEmpty)
                station.door.redis.thaw()
                let text = try await wire.text { Station.answers(in: $0).count >= 12 }
                let ids = Station.answers(in: text).compactMap { $0.firstMatch(of: /X-Request-Id: (\w+)/)?.1 }
                #expect(ids.map { String($0) } == (0..<12).map { "n\($0)" })
            }
        }

        @Test func `a client that sends nothing more is answered`() async throws {
            try await Station.open { station in
                let wire = try await Wire(port: station.port)
                try await wire.send(station.job(Self.job))
                try await wire.closeOutput()
                #expect(try await wire.all().hasPrefix("HTTP/1.1 201"))
                #expect(station.usual.seen.items.count == 1)
            }
        }

        @Test func `what is no request behind one is refused after its answer`() async throws {
            try await Station.open { station in
                let wire = try await Wire(port: station.port)
                try await wire.send(station.job(Self.job) + "nonsense\r\n\r\n")
                let answers = Station.answers(in: try await wire.all())
                #expect(answers.map { $0.prefix(12) } == ["HTTP/1.1 201", "HTTP/1.1 400"])
            }
        }

        @Test func `many connections share round trips, and each gets its own answer`() async throws {
            try await Station.open { station in
                try await withThrowingTaskGroup { tasks in
                    for client in 0..<16 {
                        tasks.addTask {
                            let wire = try await Wire(port: station.port)
                            for index in 1...20 {
                                let id = "c\(client)-\(index)"
                                let text = try await station.ask(
                                    wire, station.job(Self.job, ["X-Request-Id: \(id)"]), answers: index)
                                let last = try #require(Station.answers(in: text).last)
                                #expect(last.contains("X-Request-Id: \(id)\r\n") && last.hasPrefix("HTTP/1.1 201"))
                            }
                        }
                    }
                    try await tasks.waitForAll()
                }
                #expect(station.usual.seen.items.count == 1)
                #expect(station.door.lines.of("audit").count == 16 * 20 + 1)
            }
        }

        @Test func `a server that stops answers what is on its way, and its line is written`() async throws {
            try await Station.open { station in
                station.door.redis.freeze()
                var wires: [Wire] = []
                for id in ["n0", "n1"] {
                    wires.append(try await Wire(port: station.port))
                    try await wires.last?.send(station.job(Self.job, ["X-Request-Id: \(id)"]))
                }
                try await eventually {
                    station.express.load
                } is: {
                    $0 == 2
                }
                await station.server.stop()
                station.door.redis.thaw()
                for (index, wire) in wires.enumerated() {
                    let answer = try await wire.all()
                    #expect(answer.hasPrefix("HTTP/1.1 201"))
                    #expect(station.door.lines.of("audit").contains { $0.contains("request_id=n\(index)") })
                }
            }
        }

        @Test func `while Redis is away those on their way are told so, and those behind them at once`() async throws {
            try await Station.open { station in
                station.door.redis.kill()
                for _ in 0..<2 {
                    let (answer, _) = try await station.exchange(station.job(Self.job))
                    #expect(answer.hasPrefix("HTTP/1.1 503") && answer.contains("Retry-After: 1"))
                }
                let (_, isUsual) = try await station.exchange(station.job(Self.job))
                #expect(isUsual)
            }
        }
    }
}
