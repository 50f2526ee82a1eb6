import CSpawn
import DequeModule
import Glibc
import Synchronization

/// The thread that a connection lives on. It ends when it is told to, and closes the connection.
final class ConnectionThread: Sendable {
    private typealias Job = @Sendable (PostgresSession) -> Void

    private struct Table {
        var jobs: Deque<Job> = []
        var isClosed = false
        var state = State(isUsable: false, isInTransaction: false)
        var listener: (@Sendable (PostgresNotification) -> Void)?
        /// Who waits for the connection to be made.
        var starter: CheckedContinuation<PostgresError?, Never>?
    }

    /// How the connection stood when the last call ended.
    struct State {
        var isUsable: Bool
        var isInTransaction: Bool
    }

    private let table = Mutex(Table())
    private let bell: Int32

    init() throws(PostgresError) {
        bell = Bell.make()
        guard bell >= 0 else { throw .unreachable("no descriptor is free") }
    }

    /// The thread holds this object, so nobody rings any more.
    deinit { Glibc.close(bell) }

    /// Connects, and goes on until `close`. Throws `unreachable`, `refused` or `cancelled`: whoever is cancelled does not wait
    /// for a resolver of names either.
    func start(_ configuration: PostgresConfiguration) async throws(PostgresError) {
        let failure: PostgresError? = await withTaskCancellationHandler {
            await withCheckedContinuation { caller in
                let isWanted = table.withLock { table in
                    if !table.isClosed { table.starter = caller }
                    return !table.isClosed
                }
                guard isWanted else { return caller.resume(returning: .cancelled) }
                let isStarted = OwnThread.start("postgres") { [self] in
                    do throws(PostgresError) {
                        let session = try PostgresSession(configuration, bell: bell)
                        note(session)
                        started(nil)
                        serve(session)
                    } catch {
                        close()
                        started(error)
                    }
                }
                if !isStarted {
                    close()
                    started(.unreachable("there can be no more threads"))
                }
            }
        } onCancel: {
            close()
            started(.cancelled)
        }
        if let failure { throw failure }
    }

    var state: State {
        table.withLock { table in
            State(isUsable: table.state.isUsable && !table.isClosed, isInTransaction: table.state.isInTransaction)
        }
    }

    private func note(_ session: PostgresSession) {
        let now = State(isUsable: session.isUsable, isInTransaction: session.isInTransaction)
        table.withLock { $0.state = now }
    }

    /// The first word counts.
    private func started(_ failure: PostgresError?) {
        let caller = table.withLock { table in
            defer { table.starter = nil }
            return table.starter
        }
        caller?.resume(returning: failure)
    }

    /// What was added before is still done.
    func close() {
        table.withLock { table in
            table.isClosed = true
            table.listener = nil
        }
        Bell.ring(bell)
    }

    func hear(_ listener: @escaping @Sendable (PostgresNotification) -> Void) {
        table.withLock { $0.listener = listener }
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
                    session.arm(ticket, timeout: timeout)
                    let answer = Result { () throws(PostgresError) in try work(session) }
                    self.note(session)
                    caller.resume(returning: answer)
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
        let isTaken = table.withLock { table in
            if table.isClosed { return false }
            table.jobs.append(job)
            return true
        }
        if isTaken { Bell.ring(bell) }
        return isTaken
    }

    // MARK: The thread

    private func serve(_ session: PostgresSession) {
        while let job = next(session) { job(session) }
    }

    /// The next job; nil at the end. Meanwhile it hears notifications, and notices when the server goes away.
    private func next(_ session: PostgresSession) -> Job? {
        while true {
            let (job, isClosed) = table.withLock { ($0.jobs.popFirst(), $0.isClosed) }
            if job != nil || isClosed { return job }
            // What came with the answer to a statement has been read already, and no poll would tell of it.
            tell(session.notifications())
            note(session)
            var polls = [
                pollfd(fd: bell, events: Int16(POLLIN), revents: 0),
                pollfd(fd: session.isUsable ? session.socket : -1, events: Int16(POLLIN), revents: 0),
            ]
            poll(&polls, 2, -1)
            if polls[0].revents != 0 { Bell.clear(bell) }
        }
    }

    private func tell(_ news: [PostgresNotification]) {
        guard !news.isEmpty, let listener = table.withLock({ $0.listener }) else { return }
        for notice in news { listener(notice) }
    }
}

/// A thread for what waits in C.
enum OwnThread {
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
