import JobModel
import Testing

@Suite(.timeLimit(.minutes(1))) struct EnvelopeTests {
    @Test func `an envelope leaves out whatever is the default`() {
        let envelope = Envelope(name: "email.send", payload: bytes(#"{"to":"a"}"#))
        #expect(text(envelope.encoded()) == #"{"name":"email.send","payload":{"to":"a"}}"#)
    }

    @Test func `every field is read as it was written`() throws {
        var envelope = Envelope(name: "n", payload: bytes("[1, 2]"))
        envelope.createdMs = 1_763_700_000_000
        envelope.policy.priority = .last
        envelope.policy.maxAttempts = 3
        envelope.policy.timeoutMs = -1
        envelope.policy.resultTTLMs = 0
        envelope.policy.expiresMs = 1_763_700_060_000
        envelope.policy.backoff = .fixed(.seconds(3))
        envelope.tags = ["a", "b.c"]
        envelope.requestID = "0 a~\"\\"
        envelope.metadata = ["trace": "x\"y\n", "日": ""]
        #expect(try Envelope(parsing: envelope.encoded()[...]) == envelope)
        try JSONScanner.validate(envelope.encoded())
    }

    @Test(
        arguments: [
            .standard, .fixed(.zero), .fixed(.seconds(5)), .list([.seconds(1), .seconds(2)]), .list([]),
            .exponential(base: .seconds(1), cap: .seconds(60), jitter: 0),
            .exponential(base: .zero, cap: .zero, jitter: 1), .fixed(.seconds(Int64.max)),
            .exponential(base: .milliseconds(1), cap: .seconds(Int64.max), jitter: 0.07),
        ] as [Backoff])
    func `every backoff survives`(backoff: Backoff) throws {
        var envelope = Envelope(name: "n", payload: bytes("1"))
        envelope.policy.backoff = backoff
        let read = try Envelope(parsing: envelope.encoded()[...]).policy.backoff
        for failures in [1, 2, 3, 99] {
            #expect(
                read.delay(afterFailures: failures, random: 0.5) == backoff.delay(afterFailures: failures, random: 0.5))
        }
    }

    @Test(
        arguments: [
            .fixed(.seconds(-1)), .fixed(.milliseconds(-1)), .list([.milliseconds(-5)]),
            .exponential(base: .milliseconds(-1), cap: .milliseconds(-1), jitter: -0.5),
            .exponential(base: .seconds(1), cap: .seconds(2), jitter: 30),
            .exponential(base: .zero, cap: .zero, jitter: .nan),
            .exponential(base: .zero, cap: .zero, jitter: .infinity),
            .exponential(base: .zero, cap: .zero, jitter: 1e300),
        ] as [Backoff])
    func `a nonsensical backoff never makes an envelope that nobody can read`(backoff: Backoff) throws {
        var envelope = Envelope(name: "n", payload: bytes("1"))
        envelope.policy.backoff = backoff
        let read = try Envelope(parsing: envelope.encoded()[...]).policy.backoff
        #expect(read.delay(afterFailures: 1, random: 0.5) == backoff.delay(afterFailures: 1, random: 0.5))
    }

    @Test func `only the name is required`() throws {
        let envelope = try Envelope(parsing: bytes(#"{"name":"n"}"#))
        #expect(envelope == Envelope(name: "n", payload: bytes("null")))
    }

    @Test(arguments: [" {\"name\":\"n\"}", "\n{ \"name\" : \"n\" }\r\n\t", "{\"name\":\"\\u006e\"}"])
    func `white space and escapes do not matter`(json: String) throws {
        #expect(try Envelope(parsing: bytes(json)).name == "n")
    }

    @Test func `unknown fields are left alone`() throws {
        let json = #"{"x":[{"name":"wrong"}],"name":"n","future":{"payload":1},"payload":2,"id2":null}"#
        let envelope = try Envelope(parsing: bytes(json))
        #expect(envelope.name == "n")
        #expect(text(envelope.payload) == "2")
    }

    @Test func `of a field that comes twice the last one counts`() throws {
        let envelope = try Envelope(parsing: bytes(#"{"name":"a","payload":1,"name":"b","payload":2}"#))
        #expect(envelope.name == "b")
        #expect(text(envelope.payload) == "2")
    }

    @Test func `the payload is untouched, wherever the bytes lie`() throws {
        let payload = #" { "a" : [ 1.50, "\u0041" ] } "#
        let json = Array(#"{"name":"n","payload":\#(payload),"tags":[]}"#.utf8)
        let slice = (Array("xyz".utf8) + json + Array("xyz".utf8))[3..<3 + json.count]
        #expect(try text(Envelope(parsing: slice).payload) == payload.trimming)
    }

    @Test func `what comes through the inbox brings id and due time`() throws {
        let json = #"{"name":"n","id":"order:1","run_at_ms":1763700000000}"#
        let envelope = try Envelope(parsing: bytes(json))
        #expect(envelope.id == "order:1")
        #expect(envelope.due == .at(ms: 1_763_700_000_000))
        #expect(try Envelope(parsing: bytes(#"{"name":"n","delay_ms":5}"#)).due == .after(ms: 5))
        #expect(try Envelope(parsing: bytes(#"{"name":"n","delay_ms":0}"#)).due == .now)
    }
}

extension String {
    fileprivate var trimming: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
