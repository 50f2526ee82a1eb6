import HTTPTypes

/// Why somebody is not known. The words go to the log; who asks is told no more than what their own header shows.
enum Refusal: String, Error {
    case missing = "no Authorization header"
    case repeated = "two Authorization headers"
    case scheme = "not Bearer"
    case malformed = "no token, or one that was mistyped or cut"
    /// There is no such token, or its secret is another. Nobody is told which of the two.
    case unknown = "unknown or revoked"
    /// Said to those only whose secret was right.
    case expired

    var problem: Problem {
        let detail =
            switch self {
            case .missing: "send a token in the header: Authorization: Bearer qw_…"
            case .repeated: "send one Authorization header, not several"
            case .scheme: "send the token as: Authorization: Bearer qw_…"
            case .malformed: "the token is mistyped or cut: it has 52 characters and begins with qw_"
            case .unknown: "this token is not known here: it was revoked, or never made"
            case .expired: "this token has expired: ask for another"
            }
        var problem = Problem(.unauthenticated, detail)
        problem.headers[.wwwAuthenticate] = "Bearer"
        return problem
    }
}

enum Bearer {
    /// The token of a request. It is read from one place only: a token in a URL ends up in histories and logs.
    static func token(_ headers: HTTPFields) throws(Refusal) -> AccessToken {
        let values = headers[values: .authorization]
        guard let value = values.first else { throw .missing }
        if values.count > 1 { throw .repeated }
        let parts = value.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        // Schemes have no case.
        guard parts[0].lowercased() == "bearer" else { throw .scheme }
        guard parts.count == 2, let token = AccessToken(String(parts[1])) else { throw .malformed }
        return token
    }
}
