import HTTPTypes
import Hummingbird
import NIOCore

/// What a route answers: a status, headers, and a body that is there at once or comes as a stream.
struct Answer: Sendable {
    enum Body: Sendable {
        case none
        case bytes([UInt8])
        case stream(ResponseBody)
    }

    var status: HTTPResponse.Status
    var headers = HTTPFields()
    var body: Body
    /// How long it waited because the caller asked for it.
    var waited = Duration.zero
    /// What it changed, where the path does not say it.
    var change = Change()

    init(_ status: HTTPResponse.Status, headers: HTTPFields = HTTPFields(), body: Body = .none) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A JSON document.
    static func json(
        _ document: [UInt8], _ status: HTTPResponse.Status = .ok, headers: HTTPFields = HTTPFields()
    ) -> Answer {
        var answer = Answer(status, headers: headers, body: .bytes(document))
        answer.headers[.contentType] = "application/json"
        return answer
    }

    static func text(
        _ text: String, type: String = "text/plain; charset=utf-8", status: HTTPResponse.Status = .ok
    ) -> Answer {
        Answer(status, headers: [.contentType: type], body: .bytes(Array(text.utf8)))
    }

    static func problem(_ problem: Problem, requestID: String) -> Answer {
        var answer = Answer(
            problem.kind.status, headers: problem.headers, body: .bytes(problem.encoded(instance: requestID)))
        answer.headers[.contentType] = "application/problem+json"
        if problem.closesConnection { answer.headers[.connection] = "close" }
        return answer
    }

    var response: Response {
        switch body {
        case .none: Response(status: status, headers: headers)
        case .bytes(let bytes):
            Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
        case .stream(let stream): Response(status: status, headers: headers, body: stream)
        }
    }
}

extension HTTPResponse.Status {
    /// Some went well and some did not (RFC 4918).
    static let mixed = Self(code: 207, reasonPhrase: "Multi-Status")
}
