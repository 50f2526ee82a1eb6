package import HTTPTypes

/// Finds out who calls.
package protocol Gate: Sendable {
    /// Throws `unauthenticated`, `quotaExceeded` or `redisUnavailable`. Whether the caller has the scope is asked by who
    /// asked this, so that a refusal can be logged with its caller.
    func admit(_ headers: HTTPFields, to access: Access) async throws(Problem) -> Admittance

    /// The same for who is known already and may come in: nobody is asked. Nil: `admit` has to say; then nothing has been
    /// counted, and nothing logged.
    func known(_ headers: HTTPFields, to access: Access) -> Admittance?
}

extension Gate {
    package func known(_ headers: HTTPFields, to access: Access) -> Admittance? { nil }
}

/// What a route asks of its callers.
package enum Access: Sendable, Equatable {
    /// Anybody: health and the description of the API.
    case open
    case scope(Scope)

    /// Throws `forbidden` unless the caller may.
    func check(_ caller: Caller) throws(Problem) {
        if case .scope(let scope) = self { try caller.check(scope) }
    }
}

package struct Admittance: Sendable {
    package var caller: Caller
    /// Headers for the answer, such as what is left of a rate.
    package var headers = HTTPFields()

    package init(_ caller: Caller, headers: HTTPFields = HTTPFields()) {
        self.caller = caller
        self.headers = headers
    }
}

/// Lets everybody do everything but manage tokens: loopback in development, and applications that guard their routes themselves.
package struct OpenGate: Gate {
    package init() {}
    package func admit(_ headers: HTTPFields, to access: Access) async throws(Problem) -> Admittance {
        Admittance(.anonymous)
    }

    package func known(_ headers: HTTPFields, to access: Access) -> Admittance? { Admittance(.anonymous) }
}
