import CSpawn

/// Threads of their own for work that blocks: on Swift's pool it would hold up everything else.
package enum OwnThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Runs the body on a new thread, which ends with it. False when there can be no more threads. Of the name 15 bytes
    /// are seen; the stack is in bytes.
    package static func start(_ name: String, stack: Int, _ run: @escaping @Sendable () -> Void) -> Bool {
        let body = Unmanaged.passRetained(Body(run))
        let code = queue_thread(
            name, stack, { Unmanaged<Body>.fromOpaque($0).takeRetainedValue().run() }, body.toOpaque())
        if code != 0 { body.release() }
        return code == 0
    }
}
