public import HTTPTypes
import JobModel

/// What a refused request is told: `application/problem+json` of RFC 9457.
///
/// A problem names what was wrong in words for people (`detail`) and for programs (`kind`, and one entry of `errors` for each
/// wrong field). Nothing has been stored when a problem is answered, except where its detail says so.
public struct Problem: Error, Sendable {
    /// What went wrong, and the status that goes with it. The raw value is the last part of the problem's type,
    /// `/problems/<kind>`, where the same words are served.
    public struct Kind: Sendable, Hashable {
        public let name: String
        public let status: HTTPResponse.Status
        public let title: String
    }

    /// One wrong field of a body, by its JSON pointer (RFC 6901).
    public struct Field: Sendable, Hashable {
        public var pointer: String
        public var code: String
        public var detail: String

        public init(_ pointer: String, _ code: String, _ detail: String) {
            self.pointer = pointer
            self.code = code
            self.detail = detail
        }
    }

    public var kind: Kind
    /// One sentence that says what to do.
    public var detail: String
    public var fields: [Field]
    /// Headers that belong to it, such as `Retry-After`.
    public var headers = HTTPFields()
    /// The connection cannot be used for another request: part of this one's body was not read.
    var closesConnection = false

    public init(_ kind: Kind, _ detail: String, fields: [Field] = []) {
        self.kind = kind
        self.detail = detail
        self.fields = fields
    }

    /// The same, to be tried again after so many seconds.
    func retry(after seconds: Int) -> Problem {
        var problem = self
        problem.headers[.retryAfter] = String(seconds)
        return problem
    }

    /// The document; `instance` is the request's id.
    func encoded(instance: String) -> [UInt8] {
        JSONWriter.object(capacity: 320) { writer in
            writer.field("type", "/problems/\(kind.name)")
            writer.field("title", kind.title)
            writer.field("status", kind.status.code)
            writer.field("detail", Printable.oneLine(detail, limit: 1000))
            writer.field("instance", "urn:request:\(instance)")
            if !fields.isEmpty { writer.field("errors", objects: fields.map(\.encoded)) }
        }
    }
}

extension Problem.Field {
    var encoded: [UInt8] {
        JSONWriter.object(capacity: 128) { writer in
            writer.field("pointer", Printable.oneLine(pointer, limit: 200))
            writer.field("code", code)
            writer.field("detail", Printable.oneLine(detail, limit: 400))
        }
    }
}
