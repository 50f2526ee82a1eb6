import CSpawn
import DequeModule
import Glibc
import Synchronization

/// The thread that a connection lives on. It ends when it is told to, and closes the connection.
final class ConnectionThread: Sendable {
    private typealias Job = @Sendable (PostgresSession) -> Void

    private struct State {
        var jobs: Deque<Job> = []
        var isClosed = false
        var isUsable = false
        var listener: (@Sendable (PostgresNotification) -> Void)?
    }

    private let state = Mutex(State())
    private let bell: Int32

    init() throws(PostgresError) {
        bell = Bell.make()
        guard bell >= 0 else { throw .unreachable("no descriptor is free") }
    }

    /// The thread holds this object, so nobody rings any more.
    deinit { Glibc.close(bell) }

    /// Connects, and goes on until `close`. Throws `unreachable` or `refused`.
    func start(_ configuration: PostgresConfiguration) async throws(PostgresError) {
        let failure: PostgresError? = await withCheckedContinuation { caller in
            let isStarted = OwnThread.start("postgres") { [self] in
                do throws(PostgresError) {
                    let session = try PostgresSession(configuration, bell: bell)
                    state.withLock { $0.isUsable = true }
                    caller.resume(returning: nil)
                    serve(session)
                } catch {
                    close()
                    caller.resume(returning: error)
                }
            }
            if !isStarted {
                close()
                caller.resume(returning: .unreachable("there can be no more threads"))
            }
        }
        if let failure { throw failure }
    }

    var isUsable: Bool { state.withLock { $0.isUsable && !$0.isClosed } }

    /// What was added before is still done.
    func close() {
        state.withLock { state in
            state.isClosed = true
            state.listener = nil
        }
        Bell.ring(bell)
    }

    func hear(_ listener: @escaping @Sendable (PostgresNotification) -> Void) {
        state.withLock { $0.listener = listener }
    }

    /// Work on the connection's thread; `isShielded` is done for a cancelled task too.
    func perform<Answer: Sendable>(
        _ timeout: Duration?, isShielded: Bool = false,
        _ work: @escaping @Sendable (PostgresSession) throws(PostgresError) -> Answer
    ) async throws(PostgresError) -> Answer {
        let ticket = Ticket()
        let answer: Result<Answer, PostgresError> = await withTaskCancellationHandler {
            await withCheckedContinuation { caller in
                let isTaken = add { session in
                    if ticket.isCancelled { return caller.resume(returning: .failure(.cancelled)) }
                    session.begin(ticket, timeout: timeout)
                    caller.resume(returning: Result { () throws(PostgresError) in try work(session) })
                }
                if !isTaken { caller.resume(returning: .failure(.closed)) }
            }
        } onCancel: {
            if isShielded { return }
            ticket.cancel()
            Bell.ring(bell)
        }
        return try answer.get()
    }

    private func add(_ job: @escaping Job) -> Bool {
        let isTaken = state.withLock { state in
            if state.isClosed { return false }
            state.jobs.append(job)
            return true
        }
        if isTaken { Bell.ring(bell) }
        return isTaken
    }

    // MARK: The thread

    private func serve(_ session: PostgresSession) {
        while let job = next(session) {
            job(session)
            let isUsable = session.isUsable
            state.withLock { $0.isUsable = isUsable }
        }
    }

    /// The next job; nil at the end. Meanwhile it hears notifications, and notices when the server goes away.
    private func next(_ session: PostgresSession) -> Job? {
        while true {
            let (job, isClosed) = state.withLock { ($0.jobs.popFirst(), $0.isClosed) }
            if job != nil || isClosed { return job }
            var polls = [
                pollfd(fd: bell, events: Int16(POLLIN), revents: 0),
                pollfd(fd: session.isUsable ? session.socket : -1, events: Int16(POLLIN), revents: 0),
            ]
            poll(&polls, 2, -1)
            if polls[0].revents != 0 { Bell.clear(bell) }
            if polls[1].revents != 0 {
                let news = session.notifications()
                let isUsable = session.isUsable
                let listener = state.withLock { state in
                    state.isUsable = isUsable
                    return state.listener
                }
                if let listener { for notice in news { listener(notice) } }
            }
        }
    }
}

/// A thread for what waits in C.
private enum OwnThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    static func start(_ name: String, _ run: @escaping @Sendable () -> Void) -> Bool {
        let body = Unmanaged.passRetained(Body(run))
        let code = queue_thread(
            name, 512 * 1024, { Unmanaged<Body>.fromOpaque($0).takeRetainedValue().run() }, body.toOpaque())
        if code != 0 { body.release() }
        return code == 0
    }
}
