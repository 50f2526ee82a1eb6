import JobModel
import JobQueueClient
import JobStore
import TestSupport
import Testing

@testable import JobQueueHTTP

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
