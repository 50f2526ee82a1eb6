import NIOCore

/// What one connection is doing, and what follows from what happens on it. A pure value: the handler tells it the time.
struct ConnectionState {
    /// What of the next request is there.
    enum Reading: Equatable {
        /// Nothing.
        case waiting
        /// Part of its head.
        case head
        /// Its head.
        case body
        /// There is no next request: what comes is dropped.
        case over
    }

    /// What matters of a request until its answer is written.
    struct Asked {
        var isHead = false
        /// HTTP/1.0: no chunks, and nothing after it.
        var isOld = false
        /// The client wants the connection to end with the answer.
        var isLast = false
    }

    /// Why there is no request that a route could answer.
    enum Refusal: Equatable {
        case malformed
        case headTooLarge
        case headTooSlow
    }

    enum Action: Equatable {
        case nothing
        /// Write this answer and end.
        case refuse(Refusal)
        /// Nothing more is written; keep the connection a little, then close it.
        case end
        /// Close at once.
        case close
        /// Whoever reads the body is to know that it does not go on.
        case failBody
    }

    private let limits: HTTPLimits
    private(set) var reading = Reading.waiting
    /// Requests whose answers are not written, the oldest first.
    private var owed = CircularBuffer<Asked>(initialCapacity: 2)
    private var isFirst = true
    /// The answer that is being written is the last.
    private var isLastAnswer = false
    /// What to say when nothing is owed any more.
    private var refusal: Refusal?
    private var isStopping = false
    /// The last answer is written.
    private(set) var isEnding = false
    private var waitDeadline: NIODeadline?
    private var writeDeadline: NIODeadline?

    init(_ limits: HTTPLimits) { self.limits = limits }

    /// When `expired` is to be called.
    var deadline: NIODeadline? {
        guard let waitDeadline, let writeDeadline else { return waitDeadline ?? writeDeadline }
        return min(waitDeadline, writeDeadline)
    }

    /// The request whose answer is next.
    var answering: Asked? { owed.first }

    /// How many requests wait for an answer.
    var owing: Int { owed.count }

    // MARK: What comes in

    mutating func opened(_ now: NIODeadline) { waitDeadline = now + limits.head }

    /// Bytes came that did not complete any part of a request.
    mutating func fragment(_ now: NIODeadline) {
        guard reading == .waiting else { return }
        reading = .head
        if owed.isEmpty, !isFirst { waitDeadline = now + limits.head }
    }

    mutating func head(_ asked: Asked, _ now: NIODeadline) {
        isFirst = false
        reading = .body
        owed.append(asked)
        // Behind another answer nobody reads it yet, which is not its client's fault.
        if owed.count == 1 { waitDeadline = now + limits.body }
    }

    /// A request is complete.
    mutating func end() {
        guard reading == .body else { return }
        reading = owed.last?.isLast == true ? .over : .waiting
        // While it is answered nobody hurries it.
        waitDeadline = nil
    }

    /// What came is no HTTP.
    mutating func broken(_ why: Refusal, _ now: NIODeadline) -> Action {
        switch reading {
        case .over: return .nothing
        case .body:
            reading = .over
            waitDeadline = nil
            return .failBody
        case .waiting, .head:
            reading = .over
            refusal = why
            return owed.isEmpty ? refuse(why, now) : .nothing
        }
    }

    /// The client sends nothing more.
    mutating func inputClosed() -> Action {
        if isEnding { return .close }
        if reading != .body { reading = .over }
        return owed.isEmpty ? .close : .nothing
    }

    /// The server stops: what is being asked or answered goes on.
    mutating func stop() -> Action {
        isStopping = true
        return owed.isEmpty && reading == .waiting ? .close : .nothing
    }

    // MARK: What goes out

    /// An answer begins. True when the connection ends with it, which has to be said in its head.
    mutating func answer(saysClose: Bool) -> Bool {
        // Who answers before the body is read does not want it: the rest of a gigabyte is not waited for.
        let isUnread = owed.count == 1 && (reading == .body || (reading == .over && refusal == nil))
        isLastAnswer = saysClose || isStopping || isUnread || owed.first?.isLast == true
        return isLastAnswer
    }

    mutating func answered(_ now: NIODeadline) -> Action {
        if !owed.isEmpty { owed.removeFirst() }
        if isLastAnswer || (owed.isEmpty && reading == .over && refusal == nil) { return end(now) }
        guard owed.isEmpty else {
            if owed.count == 1, reading == .body { waitDeadline = now + limits.body }
            return .nothing
        }
        if let refusal { return refuse(refusal, now) }
        if isStopping, reading == .waiting { return end(now) }
        waitDeadline = now + (reading == .head ? limits.head : limits.idle)
        return .nothing
    }

    /// The client takes, or does not take, what is written.
    mutating func writable(_ isWritable: Bool, _ now: NIODeadline) {
        writeDeadline = isWritable ? nil : now + limits.body
    }

    // MARK: Time

    mutating func expired(_ now: NIODeadline) -> Action {
        if let writeDeadline, writeDeadline <= now { return .close }
        guard let waitDeadline, waitDeadline <= now else { return .nothing }
        self.waitDeadline = nil
        if isEnding { return .close }
        switch reading {
        case .waiting: return .close
        case .head: return broken(.headTooSlow, now)
        case .body: return broken(.malformed, now)
        case .over: return .nothing
        }
    }

    private mutating func refuse(_ why: Refusal, _ now: NIODeadline) -> Action {
        _ = end(now)
        return .refuse(why)
    }

    private mutating func end(_ now: NIODeadline) -> Action {
        isEnding = true
        reading = .over
        waitDeadline = now + HTTPLimits.farewell
        return .end
    }
}

extension NIODeadline {
    static func + (deadline: NIODeadline, duration: Duration) -> NIODeadline { deadline + TimeAmount(duration) }
}
