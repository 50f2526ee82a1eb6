import HTTPTypes
import Hummingbird
import JobModel
import NIOCore

/// One request on its way to a route, with what has been found out about it.
struct Call: Sendable {
    let request: Request
    /// Parts of the path, by name; percent signs are decoded.
    let parameters: [String: String]
    /// From the header `X-Request-Id`, or made here. Goes with the job to its last line in a log.
    let requestID: String
    var caller: Caller

    var headers: HTTPFields { request.headers }

    var queryText: String { request.uri.query ?? "" }

    func query() throws(Problem) -> Query { try Query(request.uri.query) }

    /// A part of the path that is a queue's name, which the caller may use.
    func queue() throws(Problem) -> QueueName {
        let name = try Self.queueName(parameters["queue"] ?? "")
        try caller.check(name)
        return name
    }

    static func queueName(_ text: String) throws(Problem) -> QueueName {
        do throws(NameError) { return try QueueName(text) } catch { throw Problem(.invalidRequest, "\(error)") }
    }

    /// Its token has not been revoked since; for what takes long.
    func isStillAllowed() async -> Bool { await caller.isStillValid() }

    /// A part of the path that is a job's id.
    func jobID() throws(Problem) -> String {
        let id = parameters["id"] ?? ""
        do throws(NameError) { try Names.checkID(id) } catch { throw Problem(.invalidRequest, "\(error)") }
        return id
    }

    /// The whole body. Throws `payloadTooLarge` as soon as it is longer than it may be, and does not read the rest.
    func body(limit: Int) async throws(Problem) -> [UInt8] {
        if let encoding = request.headers[.contentEncoding], encoding != "identity" {
            throw Problem(.unsupportedMedia, "send the body without Content-Encoding")
        }
        func tooLarge() -> Problem {
            var problem = Problem(
                .payloadTooLarge, "the body may have \(limit) bytes: send less, or a reference to where the rest is")
            problem.closesConnection = true
            return problem
        }
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit { throw tooLarge() }
        do {
            var bytes: [UInt8] = []
            for try await part in request.body {
                guard bytes.count + part.readableBytes <= limit else { throw tooLarge() }
                bytes.append(contentsOf: part.readableBytesView)
            }
            return bytes
        } catch let problem as Problem {
            throw problem
        } catch is BodyTooSlow {
            var problem = Problem(.requestTimeout, "the body took too long to arrive")
            problem.closesConnection = true
            throw problem
        } catch {
            var problem = Problem(.invalidRequest, "the body cannot be read to its end")
            problem.closesConnection = true
            throw problem
        }
    }

    /// A body that must be one JSON object, in UTF-8.
    func object(limit: Int) async throws(Problem) -> Fields {
        try checkMedia(["application/json"])
        return try Fields(try await body(limit: limit))
    }

    var media: String { headers.media }

    func checkMedia(_ allowed: [String]) throws(Problem) { try headers.checkMedia(allowed) }
}

extension HTTPFields {
    /// The media type of the body without its parameters, in small letters; JSON when the caller names none.
    var media: String {
        guard let text = self[.contentType], text != "application/json" else { return "application/json" }
        return String(text.prefix { $0 != ";" }).lowercased().filter { $0 != " " }
    }

    func checkMedia(_ allowed: [String]) throws(Problem) {
        let media = media
        if allowed.contains(media) { return }
        throw Problem(
            .unsupportedMedia,
            "the body is \(Printable.oneLine(media, limit: 80)): send \(allowed.joined(separator: " or "))")
    }
}
