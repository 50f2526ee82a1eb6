import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Testing

@testable import JobQueueHTTP

@Suite struct ExpressTurnTests {
    private static let request = HTTPRequest(method: .post, scheme: "http", authority: "a", path: "/v1/jobs")

    /// What a step says, in a word.
    private static func word(_ step: ExpressTurn.Step) -> String {
        switch step {
        case .pass: "pass"
        case .keep: "keep"
        case .complete(_, let body): "complete \(String(buffer: body))"
        }
    }

    private static func words(_ parts: [HTTPRequestPart]) -> [String] {
        parts.map { part in
            switch part {
            case .head: "head"
            case .body(let bytes): String(buffer: bytes)
            case .end: "end"
            }
        }
    }

    private static func gathered(_ bodies: [String]) -> ExpressTurn {
        var turn = ExpressTurn()
        turn.begin(request)
        _ = turn.take(.head(request))
        for body in bodies { _ = turn.take(.body(ByteBuffer(string: body))) }
        return turn
    }

    @Test func `a request that nobody begins passes`() {
        var turn = ExpressTurn()
        for part in [HTTPRequestPart.head(Self.request), .body(ByteBuffer()), .end(nil)] {
            let word = Self.word(turn.take(part))
            #expect(word == "pass")
        }
        let released = turn.release()
        #expect(!turn.isHolding && released.isEmpty)
    }

    @Test func `a request is complete with its end, whatever pieces it came in`() {
        var turn = Self.gathered(["a", "bc", "d"])
        let word = Self.word(turn.take(.end(nil)))
        #expect(word == "complete abcd")
    }

    @Test func `what does not go is given back in order, once`() {
        var turn = Self.gathered(["ab", "c"])
        let released = [Self.words(turn.release()), Self.words(turn.release())]
        #expect(released == [["head", "abc"], []])
        let word = Self.word(turn.take(.end(nil)))
        #expect(word == "pass")
        var empty = Self.gathered([])
        let head = Self.words(empty.release())
        #expect(head == ["head"])
    }

    @Test func `while a request is away everything waits behind it`() {
        var turn = Self.gathered(["a"])
        _ = turn.take(.end(nil))
        turn.depart()
        #expect(!turn.isHolding)
        // A second request that could go as well waits like any other.
        turn.begin(Self.request)
        let word = Self.word(turn.take(.head(Self.request)))
        #expect(word == "keep")
        let released = turn.release()
        #expect(turn.isHolding && released.isEmpty)
        let isParked = turn.park(.inputClosed)
        #expect(isParked)
        let kinds = turn.returned().map { item in
            switch item {
            case .part: "part"
            case .failure: "failure"
            case .inputClosed: "closed"
            }
        }
        #expect(kinds == ["part", "closed"])
        let isParkedNow = turn.park(.inputClosed)
        #expect(!turn.isHolding && !isParkedNow)
    }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_827_696, "Tue, 29 Feb 2000 12:34:56 GMT"), (1_798_761_599, "Thu, 31 Dec 2026 23:59:59 GMT"),
    ]) func `dates are as RFC 9110 has them`(_ seconds: Int, _ text: String) {
        #expect(HTTPDate.text(seconds) == text)
    }
}
