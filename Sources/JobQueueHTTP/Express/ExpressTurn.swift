import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Which request of one connection goes by express, and what has to wait until that is answered. It does nothing itself.
///
/// Only a request that has come as a whole goes: nobody who could be answered is kept waiting for a body.
struct ExpressTurn {
    /// What comes in for those who answer on the usual way.
    enum Item {
        case part(HTTPRequestPart)
        case failure(any Error)
        case inputClosed
    }

    enum Step {
        /// To be handed on.
        case pass
        /// Kept here.
        case keep
        /// Kept here; with it the request is complete.
        case complete(HTTPRequest, ByteBuffer)
    }

    private enum State {
        case idle
        case gathering(HTTPRequest, ByteBuffer)
        case away
    }

    private var state = State.idle
    private var parked: [Item] = []

    /// Something waits, so that no more should be read.
    var isHolding: Bool { !parked.isEmpty }

    /// A request that may go by express begins.
    mutating func begin(_ request: HTTPRequest) {
        if case .idle = state { state = .gathering(request, ByteBuffer()) }
    }

    mutating func take(_ part: HTTPRequestPart) -> Step {
        switch (state, part) {
        case (.idle, _): return .pass
        case (.away, _):
            parked.append(.part(part))
            return .keep
        case (.gathering, .head): return .keep
        case (.gathering(let request, var body), .body(let bytes)):
            state = .idle
            if body.readableBytes == 0 { body = bytes } else { body.writeImmutableBuffer(bytes) }
            state = .gathering(request, body)
            return .keep
        case (.gathering(let request, let body), .end): return .complete(request, body)
        }
    }

    /// True when it has to wait.
    mutating func park(_ item: Item) -> Bool {
        guard case .away = state else { return false }
        parked.append(item)
        return true
    }

    /// The complete request has gone.
    mutating func depart() { state = .away }

    /// It goes the usual way: what has gathered of it.
    mutating func release() -> [HTTPRequestPart] {
        guard case .gathering(let request, let body) = state else { return [] }
        state = .idle
        return [.head(request)] + (body.readableBytes == 0 ? [] : [.body(body)])
    }

    /// Its answer is written: what came in the meantime.
    mutating func returned() -> [Item] {
        state = .idle
        return exchange(&parked, with: [])
    }
}
