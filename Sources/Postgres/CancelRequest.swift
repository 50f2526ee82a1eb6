import CPostgres
import Glibc

/// Asks the server to end the statement of a connection. On a thread of its own: libpq waits for the server to hear it, and a
/// server that is frozen never does.
final class CancelRequest: Sendable {
    /// libpq's copy of what it takes, as a number because pointers are bound to no thread.
    private let handle: UInt
    private let done: Int32

    /// Nil when the machine is short of something. `connection` is not needed any more.
    init?(_ connection: OpaquePointer) {
        guard let cancel = PQgetCancel(connection) else { return nil }
        done = Bell.make()
        handle = UInt(bitPattern: cancel)
        guard done >= 0 else { return nil }
        let isStarted = OwnThread.start("postgres-cancel") { [self] in
            var trouble = [CChar](repeating: 0, count: 256)
            PQcancel(OpaquePointer(bitPattern: handle), &trouble, Int32(trouble.count))
            Bell.ring(done)
        }
        guard isStarted else { return nil }
    }

    /// The thread holds this object, too.
    deinit {
        PQfreeCancel(OpaquePointer(bitPattern: handle))
        if done >= 0 { close(done) }
    }

    /// The server has heard it, or never will; nothing of it comes later. Waits for so many ms.
    func isOver(within limit: Int) -> Bool {
        var polls = [pollfd(fd: done, events: Int16(POLLIN), revents: 0)]
        return poll(&polls, 1, Int32(max(0, limit))) == 1
    }
}
