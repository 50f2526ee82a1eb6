import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// Performs what the machine decides: owns the socket, the timers and the waiters. Lives on the event loop; nothing
/// here may be touched from elsewhere.
///
/// The machine is never called while one of its answers is being worked out, and completions may call the client again:
/// every way back in goes through the inbox.
final class Connection {
    private let configuration: RedisConfiguration
    private let eventLoop: any EventLoop
    private let opener: SocketOpener
    private let tls: TLSSource?
    private let inbox: Inbox
    private let status: ConnectionStatus
    private let logger: Logger

    private var machine: ConnectionMachine<Waiter>
    private var channel: (any Channel)?
    private var isTicking = false
    /// Callers of `connect()` that wait for the attempt to end.
    private var callers: [CheckedContinuation<Result<Void, RedisError>, Never>] = []
    /// Storage that goes to and fro between here and the inbox.
    private var arrivals: [Inbox.Pending] = []

    init(
        _ configuration: RedisConfiguration, eventLoop: any EventLoop, inbox: Inbox, status: ConnectionStatus,
        tls: TLSSource?, logger: Logger
    ) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.inbox = inbox
        self.status = status
        self.tls = tls
        self.logger = logger
        opener = SocketOpener(configuration, eventLoop: eventLoop)
        machine = ConnectionMachine(configuration)
    }

    var load: RedisLoad { machine.load }

    /// Fetches what callers have left in the inbox, and sends it.
    func drain() {
        inbox.take(into: &arrivals)
        for command in arrivals { perform(machine.enqueue(command)) }
        arrivals.removeAll(keepingCapacity: true)
        if machine.state == .idle { connect() }
        flush()
    }

    func flush() {
        perform(machine.flush(now: .now()))
        scheduleTick()
    }

    /// Makes sure that a connection is there or on its way, and tells the caller how the attempt ended.
    func connect(_ caller: CheckedContinuation<Result<Void, RedisError>, Never>) {
        switch machine.state {
        case .ready: caller.resume(returning: .success(()))
        case .closed: caller.resume(returning: .failure(.closed))
        case .idle, .connecting, .encrypting, .handshaking, .resting:
            callers.append(caller)
            if machine.state == .idle { connect() }
        }
    }

    /// Ends everything; `completion` is called once the socket is closed.
    func close(_ completion: @escaping @Sendable () -> Void) {
        let socket = channel
        drain()
        perform(machine.close())
        guard let socket else { return completion() }
        socket.closeFuture.whenComplete { _ in completion() }
    }

    func received(_ reply: Result<Reply, RedisError>, attempt: Int) {
        let error: RedisError? = if case .failure(let error) = reply { error } else { nil }
        switch machine.received(error, attempt: attempt) {
        case .deliver(let waiter): waiter.complete(reply)
        case .act(let actions): perform(actions)
        }
    }

    func lost(attempt: Int, reason: String) {
        perform(machine.lost(attempt: attempt, reason: explain(reason)))
    }

    func refused(attempt: Int, _ failure: RedisTLSFailure) {
        perform(machine.refused(attempt: attempt, failure))
    }

    /// The server has ended the connection without having said anything.
    func hungUp(attempt: Int, reason: String) {
        // A server that once answered without encryption did not begin to encrypt: then it is just not there.
        if case .tcp = configuration.endpoint, configuration.tls == nil, !machine.hasWorked {
            refused(attempt: attempt, .hungUp)
        } else {
            lost(attempt: attempt, reason: reason)
        }
    }
}

// Encryption.
extension Connection {
    /// The handshake of TLS is through, and the server has this certificate.
    func encrypted(attempt: Int, certificate: NIOSSLCertificate?) {
        if let name = opener.hostName, certificate.map({ CertificateName.isIn($0, name) }) != true {
            refused(attempt: attempt, .wrongName(RedisError.printable(name.utf8)))
        } else {
            perform(machine.encrypted(attempt: attempt))
        }
    }

    /// The socket complains. What that means for the connection comes with its end, unless TLS failed.
    func caught(_ error: any Error, certificate: NIOSSLCertificate?, attempt: Int) {
        if let failure = failure(of: error, certificate) { refused(attempt: attempt, failure) }
    }

    private func failure(of error: any Error, _ certificate: NIOSSLCertificate? = nil) -> RedisTLSFailure? {
        guard let tls = configuration.tls else { return nil }
        return RedisTLSFailure(
            error, name: RedisError.printable(configuration.serverTitle.utf8), certificate: certificate,
            hasIdentity: tls.identity != nil, now: RedisTLSFailure.now())
    }

    /// Reads the files on another thread, where it may take as long as disks take, and then opens the socket.
    private func openEncrypted(_ attempt: Int, _ tls: TLSSource) {
        NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { tls.current() }.assumeIsolated().whenComplete {
            switch $0 {
            case .success(.success(let loaded)):
                self.status.report(staleness: loaded.staleness, logger: self.logger)
                if self.machine.awaits(attempt: attempt) { self.openSocket(attempt, with: loaded.context) }
            case .success(.failure(let failure)): self.refused(attempt: attempt, failure)
            case .failure(let error): self.lost(attempt: attempt, reason: "\(error)")
            }
        }
    }
}

extension Connection {
    private func perform(_ actions: [ConnectionMachine<Waiter>.Action]) {
        for action in actions {
            switch action {
            case .connect(let attempt): open(attempt)
            case .write(let bytes): channel?.writeAndFlush(bytes, promise: nil)
            case .closeSocket: closeSocket()
            case .fail(let waiters, let error): for waiter in waiters { waiter.complete(.failure(error)) }
            case .up: attemptEnded(.success(()))
            case .down(let error): attemptEnded(.failure(error))
            case .reconnect(let pause): reconnect(after: pause)
            }
        }
    }

    private func connect() {
        perform(machine.connect(now: .now()))
        scheduleTick()
    }

    private func open(_ attempt: Int) {
        if let tls { openEncrypted(attempt, tls) } else { openSocket(attempt, with: nil) }
    }

    private func openSocket(_ attempt: Int, with tls: NIOSSLContext?) {
        // The handler is made on this loop, so the box never really crosses threads.
        let connection = NIOLoopBound(self, eventLoop: eventLoop)
        opener.open(with: tls) { ConnectionHandler(attempt: attempt, connection: connection.value) }
            .assumeIsolated().whenComplete { self.opened(attempt, $0) }
    }

    private func opened(_ attempt: Int, _ result: Result<any Channel, any Error>) {
        switch result {
        case .success(let channel) where machine.awaits(attempt: attempt):
            self.channel = channel
            perform(machine.connected(attempt: attempt))
        case .success(let channel):
            channel.close(promise: nil)
        case .failure(let error):
            if let failure = failure(of: error) {
                refused(attempt: attempt, failure)
            } else {
                lost(attempt: attempt, reason: SocketOpener.reason(for: error))
            }
        }
    }

    private func closeSocket() {
        channel?.close(promise: nil)
        channel = nil
    }

    private func attemptEnded(_ result: Result<Void, RedisError>) {
        let waiting = callers
        callers = []
        for caller in waiting { caller.resume(returning: result) }
        status.report(result, logger: logger)
    }

    private func reconnect(after pause: Duration) {
        eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(clamping: pause)) { self.connect() }
    }

    /// One timer for all deadlines, and none while there is nothing to wait for.
    private func scheduleTick() {
        guard !isTicking, machine.needsTick else { return }
        isTicking = true
        eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(50)) {
            self.isTicking = false
            self.perform(self.machine.tick(now: .now()))
            self.flush()
        }
    }

    private func explain(_ reason: String) -> String {
        "cannot reach Redis at \(configuration.redactedURL): \(reason)"
    }
}
