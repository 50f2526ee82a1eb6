import Foundation
import HTTPTypes
import Hummingbird
import TestSupport
import Testing

@testable import JobQueueHTTP

/// The API, which notes what came to it on the usual way.
struct UsualWay: RouteTable {
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
struct Station: Sendable {
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
func plain(_ answer: String) -> String {
    answer.replacing(/[0-9A-HJKMNP-TV-Z]{26}/, with: "ID").replacing(/\d{4}-\d\d-\d\dT[0-9:.]+Z/, with: "TIME")
        .replacing(/Date: \w{3}, \d\d \w{3} \d{4} [0-9:]{8} GMT/, with: "DATE").replacing(/r=\d+;t=\d+/, with: "LEFT")
}
