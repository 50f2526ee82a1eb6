import NIOCore
import Testing

@testable import Redis

/// A machine with strings where the callers would be, and a clock that only the test moves, in milliseconds.
struct Bench {
    var machine: ConnectionMachine<String>
    var now = 1_000_000
    /// What happened, in words.
    var events: [String] = []

    init(_ url: String = "redis://h", _ change: (inout RedisConfiguration) -> Void = { _ in }) {
        guard var configuration = try? RedisConfiguration(url: url) else { preconditionFailure("bad URL") }
        change(&configuration)
        machine = ConnectionMachine(configuration, random: SeededGenerator(seed: 7))
    }

    /// Events since the last call.
    mutating func news() -> [String] {
        defer { events = [] }
        return events
    }

    mutating func enqueue(_ names: String..., size: Int = 0, timeout: Int = 5000, isUrgent: Bool = false) {
        for name in names {
            var arguments = Arguments()
            if size > 0 { arguments.append(String(repeating: "x", count: size)) }
            note(
                machine.enqueue(
                    .init(
                        waiter: name, command: Command(name, arguments), deadline: deadline(timeout), isUrgent: isUrgent
                    )))
        }
    }

    mutating func flush() { note(machine.flush(now: deadline(0))) }

    mutating func connect() { note(machine.connect(now: deadline(0))) }

    mutating func connected() { note(machine.connected(attempt: machine.attempt)) }

    mutating func encrypted(attempt: Int? = nil) { note(machine.encrypted(attempt: attempt ?? machine.attempt)) }

    mutating func refuse(_ failure: RedisTLSFailure, attempt: Int? = nil) {
        note(machine.refused(attempt: attempt ?? machine.attempt, failure))
    }

    mutating func reply(_ error: RedisError? = nil, attempt: Int? = nil) {
        switch machine.received(error, attempt: attempt ?? machine.attempt) {
        case .deliver(let name): events.append("\(name) answered")
        case .act(let actions): note(actions)
        }
    }

    mutating func lose(attempt: Int? = nil) {
        note(machine.lost(attempt: attempt ?? machine.attempt, reason: "refused"))
    }

    mutating func wait(_ milliseconds: Int) {
        now += milliseconds
        note(machine.tick(now: deadline(0)))
    }

    mutating func close() { note(machine.close()) }

    /// Leads the machine to `ready` and forgets the events of it.
    mutating func becomeReady() {
        connect()
        connected()
        encrypted()
        for _ in machine.handshake.steps { reply() }
        events = []
    }

    private func deadline(_ milliseconds: Int) -> NIODeadline {
        .uptimeNanoseconds(UInt64(now + milliseconds) * 1_000_000)
    }

    private mutating func note(_ actions: [ConnectionMachine<String>.Action]) {
        for action in actions { events.append(describe(action)) }
    }

    private func describe(_ action: ConnectionMachine<String>.Action) -> String {
        switch action {
        case .connect(let attempt): "connect \(attempt)"
        case .write(let bytes): "write " + Self.names(in: bytes).joined(separator: " ")
        case .closeSocket: "close socket"
        case .fail(let names, let error): "\(names.joined(separator: " ")): \(Self.short(error))"
        case .up: "up"
        case .down(let error): "down: \(Self.short(error))"
        case .reconnect(let pause): "reconnect within \(pause <= .milliseconds(50) ? "50" : "more") ms"
        }
    }

    static func names(in bytes: ByteBuffer) -> [String] {
        String(buffer: bytes).split(separator: "*").map { String($0.split(separator: "\r\n")[2]) }
    }

    static func short(_ error: RedisError) -> String {
        switch error {
        case .timedOut(let sent): sent ? "timed out sent" : "timed out unsent"
        case .connectionLost(let sent): sent ? "lost sent" : "lost unsent"
        case .unreachable(let reason): "unreachable (\(reason))"
        case .authentication: "authentication"
        case .tls(let failure): "tls (\(failure))"
        case .permission: "permission"
        case .closed: "closed"
        case .protocolError: "protocol"
        default: "\(error)"
        }
    }
}
