import NIOCore
import Testing

@testable import JobQueueHTTP

/// What follows from what happens on a connection, without one.
@Suite struct ConnectionStateTests {
    private let start = NIODeadline.now()
    private let limits = HTTPLimits()

    private func state(_ steps: (inout ConnectionState) -> Void = { _ in }) -> ConnectionState {
        var state = ConnectionState(limits)
        state.opened(start)
        steps(&state)
        return state
    }

    @Test func `each part of a request has its own time, and its answer has none`() {
        var state = state()
        #expect(state.deadline == start + limits.head)
        let (first, second, third) = (start + .seconds(1), start + .seconds(2), start + .seconds(3))
        state.fragment(first)
        #expect(state.deadline == start + limits.head, "more bytes buy no time")
        state.head(.init(), second)
        #expect(state.deadline == second + limits.body)
        state.end()
        #expect(state.deadline == nil)
        #expect(state.answer(saysClose: false) == false)
        #expect(state.answered(third) == .nothing)
        #expect(state.deadline == third + limits.idle)
        state.fragment(third)
        #expect(state.deadline == third + limits.head)
    }

    @Test func `a request behind another is not hurried until it is its turn`() {
        var state = state { state in
            state.head(.init(), start)
            state.end()
            state.head(.init(), start)
        }
        #expect(state.deadline == nil)
        #expect(state.answer(saysClose: false) == false)
        #expect(state.answered(start) == .nothing)
        #expect(state.deadline == start + limits.body)
    }

    @Test func `an answer before the whole body is the last one`() {
        var state = state { $0.head(.init(), start) }
        #expect(state.answer(saysClose: false) == true)
        #expect(state.answered(start) == .end)
        #expect(state.isEnding && state.deadline == start + HTTPLimits.farewell)
        #expect(state.expired(start + .seconds(2)) == .close)
    }

    @Test func `what is broken behind a request waits for the request's answer`() {
        var state = state { state in
            state.head(.init(), start)
            state.end()
        }
        #expect(state.broken(.malformed, start) == .nothing)
        #expect(state.answer(saysClose: false) == false)
        #expect(state.answered(start) == .refuse(.malformed))
        #expect(state.isEnding)
        #expect(state.broken(.malformed, start) == .nothing)
    }

    @Test func `a client that has closed its side gets the answer it asked for`() {
        var state = state { state in
            state.head(.init(), start)
            state.end()
        }
        #expect(state.inputClosed() == .nothing)
        #expect(state.answer(saysClose: false) == true)
        #expect(state.answered(start) == .end)
        #expect(state.inputClosed() == .close)
    }

    @Test func `a client that takes nothing of an answer is left`() {
        var state = state { state in
            state.head(.init(), start)
            state.end()
            state.writable(false, start)
        }
        #expect(state.deadline == start + limits.body)
        #expect(state.expired(start + limits.body) == .close)
        state.writable(true, start)
        #expect(state.deadline == nil)
    }

    @Test func `a server that stops closes what waits, and ends with the answer to what was asked`() {
        var idle = state()
        #expect(idle.stop() == .close)
        var partial = state { $0.fragment(start) }
        #expect(partial.stop() == .nothing)
        var busy = state { state in
            state.head(.init(), start)
            state.end()
        }
        #expect(busy.stop() == .nothing)
        #expect(busy.answer(saysClose: false) == true)
        #expect(busy.answered(start) == .end)
    }
}
