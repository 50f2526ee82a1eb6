package import Logging
package import NIOCore
import NIOPosix
import Synchronization

/// One connection to a Redis server that any number of tasks share. It connects again by itself after every loss.
///
/// Commands of all callers travel in the order in which they were given, many in one write, and no command waits for
/// the reply of another. So a command that blocks inside the server (`BZPOPMIN` and its kind) needs a client of its
/// own, and a timeout longer than the server's.
///
/// A task that is cancelled still waits for its reply, or for the deadline, because a sent command cannot be called
/// back.
package final class RedisClient: Sendable {
    /// The settings given to `init`.
    package let configuration: RedisConfiguration
    /// Where completions and `onStateChange` are called.
    package let eventLoop: any EventLoop

    /// Hears of each call of a script; nil costs nothing.
    let onScript: ScriptObserver?

    private let inbox = Inbox()
    private let status: ConnectionStatus
    private let tls: TLSSource?
    private let connection: NIOLoopBoundBox<Connection>
    private let isClosed = Atomic(false)

    /// A client that is not connected yet; `connect()` or the first command changes that.
    ///
    /// The event loop, by default one of the process-wide ones, must outlive the client. `logger` is told when the
    /// connection is made or lost and by default says nothing; `onStateChange` is called for the same news, on the
    /// event loop. `onScript` is called after each script, on any thread.
    package init(
        _ configuration: RedisConfiguration, eventLoop: (any EventLoop)? = nil,
        logger: Logger = Logger(label: "redis") { _ in SwiftLogNoOpLogHandler() },
        onStateChange: (@Sendable (RedisStateChange) -> Void)? = nil, onScript: ScriptObserver? = nil
    ) {
        let eventLoop = eventLoop ?? MultiThreadedEventLoopGroup.singleton.any()
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.onScript = onScript
        status = ConnectionStatus(observer: onStateChange)
        tls = configuration.tls.map(TLSSource.init)
        let connection = Connection(
            configuration, eventLoop: eventLoop, inbox: inbox, status: status, tls: tls, logger: logger)
        self.connection = .makeBoxSendingValue(connection, eventLoop: eventLoop)
    }

    /// A client that nobody holds any more closes itself, but nobody can wait for that.
    deinit {
        // After `close()` the event loop may be gone.
        if isClosed.load(ordering: .acquiring) { return }
        eventLoop.execute { [connection] in connection.value.close {} }
    }

    /// There is a connection, as far as is known.
    package var isConnected: Bool { status.isConnected }

    /// How many connections that could be used have ended. While the number stays the same, all replies come from one
    /// and the same server process.
    package var losses: Int { status.losses }

    /// Connects, and returns when the connection can be used.
    ///
    /// Throws what is wrong as soon as the attempt has failed: `unreachable`, `tls`, `authentication`, `permission` or
    /// `closed`. The client keeps trying in the background all the same: a caller that does not want that must
    /// `close()`.
    package func connect() async throws(RedisError) {
        let result = await withCheckedContinuation { caller in
            eventLoop.execute { [connection] in connection.value.connect(caller) }
        }
        try result.get()
    }

    /// Fails everything pending with `closed`, commands in flight included, and returns when the socket is closed. May
    /// be called more than once.
    package func close() async {
        await withCheckedContinuation { caller in
            eventLoop.execute { [connection] in connection.value.close { caller.resume() } }
        }
        isClosed.store(true, ordering: .releasing)
    }

    /// Reads the files of `configuration.tls` again now, and the CAs of the system if those are the ones to trust. The next
    /// connection uses what was read; the present one goes on as it is. Does nothing without TLS.
    ///
    /// Files that have changed are used by the next connection anyway: this is for knowing at once whether they can be.
    /// Throws `tls` when they cannot; what was read before, if anything was, then stays in use.
    package func reloadCertificates() async throws(RedisError) {
        guard let tls else { return }
        let result = await withCheckedContinuation { caller in
            NIOThreadPool.singleton.submit { _ in caller.resume(returning: tls.reload()) }
        }
        do throws(RedisTLSFailure) { try result.get() } catch { throw .tls(error) }
    }

    /// How many commands are pending now.
    package func load() async -> RedisLoad {
        await withCheckedContinuation { caller in
            eventLoop.execute { [connection] in caller.resume(returning: connection.value.load) }
        }
    }
}

extension RedisClient: CustomReflectable {
    /// What `dump` and other mirrors show. They must not wander into the connection, which lives on another thread.
    package var customMirror: Mirror { Mirror(self, children: ["configuration": configuration]) }
}

extension RedisClient {
    /// Sends a command and waits for its reply, at most for `timeout`; nil stands for the configured one.
    ///
    /// While too many commands are pending (`maxInFlight`, `maxInFlightBytes`), the call first waits for room, within
    /// the same deadline. Throws `unreachable`, `tls`, `timedOut`, `connectionLost`, `closed`, or what the server answered.
    package func send(_ command: Command, timeout: Duration? = nil) async throws(RedisError) -> Reply {
        let deadline = deadline(timeout)
        let result = await withCheckedContinuation { caller in
            enqueue(.init(waiter: .task(caller), command: command, deadline: deadline))
        }
        return try result.get()
    }

    /// Sends a command and calls `completion` on the event loop with the reply, or with what `send` would throw.
    ///
    /// May be called from any thread, the event loop included, and does not depend on the pool that runs Swift tasks: a
    /// heartbeat goes out even when every thread of the pool is busy. It does not wait for room, so callers must bound
    /// the number of such commands themselves.
    package func submit(
        _ command: Command, timeout: Duration? = nil,
        completion: @escaping @Sendable (Result<Reply, RedisError>) -> Void
    ) {
        enqueue(.init(waiter: .callback(completion), command: command, deadline: deadline(timeout), isUrgent: true))
    }

    /// Sends commands one behind the other and waits for all their replies. They are not one transaction: each can fail
    /// alone, and commands of others may run between them.
    ///
    /// Throws only if none of the commands left this process and all for the same reason, or if the client was closed.
    package func pipeline(
        _ commands: [Command], timeout: Duration? = nil
    ) async throws(RedisError) -> [Result<Reply, RedisError>] {
        if commands.isEmpty { return [] }
        let deadline = deadline(timeout)
        let results = await withCheckedContinuation { caller in
            let batch = Batch(count: commands.count, caller)
            let all = commands.enumerated().map { index, command in
                Inbox.Pending(waiter: .part(batch, index), command: command, deadline: deadline)
            }
            if inbox.append(all) { wakeLoop() }
        }
        if case .failure(let error) = results[0], error.provesNothingWasSent || error == .closed,
            results.allSatisfy({ $0 == results[0] })
        {
            throw error
        }
        return results
    }

    /// Waits, in a task that is cancelled as well: for those who ask until they know.
    package func pause(_ time: Duration) async {
        await withCheckedContinuation { caller in
            _ = eventLoop.scheduleTask(in: TimeAmount(clamping: time)) { caller.resume() }
        }
    }

    private func deadline(_ timeout: Duration?) -> NIODeadline {
        .now() + TimeAmount(clamping: timeout ?? configuration.commandTimeout)
    }

    private func enqueue(_ command: Inbox.Pending) {
        if inbox.append(command) { wakeLoop() }
    }

    private func wakeLoop() {
        eventLoop.execute { [connection] in connection.value.drain() }
    }
}
