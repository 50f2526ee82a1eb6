import HTTPTypes
import TestSupport
import Testing

@testable import JobQueueHTTP

/// Where a token is looked for, and where not.
@Suite(.timeLimit(.minutes(1))) struct BearerTests {
    /// Headers that name nobody, each with what is wrong; T is a good token.
    private static let strange: [(headers: [String], words: String)] = [
        ([], "send a token"),
        ([""], "Authorization: Bearer"),
        (["Bearer"], "mistyped"),
        (["Bearer "], "mistyped"),
        (["Bearer  T"], "mistyped"),
        (["Bearer T,T"], "mistyped"),
        (["Bearer T T"], "mistyped"),
        (["Bearer\tT"], "Authorization: Bearer"),
        (["T"], "Authorization: Bearer"),
        (["Basic T"], "Authorization: Bearer"),
        (["Token T"], "Authorization: Bearer"),
        (["BearerT"], "Authorization: Bearer"),
        (["Bearer qw_"], "mistyped"),
        (["Bearer null"], "mistyped"),
        (["Bearer T", "Bearer T"], "not several"),
        (["Bearer T", "Basic x"], "not several"),
        (["", "Bearer T"], "not several"),
        (["Bearer tail-T"], "mistyped"),
        (["Bearer T-tail"], "mistyped"),
        (["Bearer \u{FF21}T"], "mistyped"),
    ]

    @Test func `a request that does not show one whole token in one header is told so, with 401`() async throws {
        try await Doorstep.open { door in
            let token = try await door.token()
            for (values, words) in Self.strange {
                var headers = HTTPFields()
                for value in values {
                    headers.append(
                        HTTPField(
                            name: .authorization, value: value.replacing("T", with: token.reveal(), maxReplacements: 1))
                    )
                }
                let problem = await #expect(throws: Problem.self, "\(values)") {
                    _ = try await door.gate.admit(headers, to: .scope(.jobsRead))
                }
                #expect(problem?.kind == .unauthenticated && problem?.kind.status.code == 401)
                #expect(problem?.headers[.wwwAuthenticate] == "Bearer")
                #expect(problem?.detail.contains(words) == true, "\(values): \(problem?.detail ?? "")")
            }
            for scheme in ["Bearer", "bearer", "BEARER"] {
                let headers: HTTPFields = [.authorization: "\(scheme) \(token.reveal())"]
                #expect(try await door.gate.admit(headers, to: .scope(.jobsRead)).caller.id == token.id)
            }
        }
    }

    @Test func `a token in the URL is not looked at, and open routes ask for none`() async throws {
        try await Doorstep.open { door in
            let token = try await door.token()
            let route = Route(.get, "/v1/x", .jobsRead) { _ in Answer(.ok) }
            let answer = try await door.ask(
                .get, "/v1/x?access_token=\(token.reveal())&token=\(token.reveal())", by: route)
            #expect(answer.status == .unauthorized && answer.headers[.wwwAuthenticate] == "Bearer")
            let caller = try await door.gate.admit([.authorization: "Basic x"], to: .open).caller
            #expect(caller.scopes.isEmpty && caller.queues.isEmpty)
        }
    }
}
