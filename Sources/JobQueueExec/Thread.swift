import CSpawn

/// Threads of their own for work that blocks: on Swift's pool it would hold up everything else.
enum Thread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Runs the body on a new thread, which ends with it. False when there can be no more threads.
    static func start(_ run: @escaping @Sendable () -> Void) -> Bool {
        let body = Unmanaged.passRetained(Body(run))
        let code = queue_thread({ Unmanaged<Body>.fromOpaque($0).takeRetainedValue().run() }, body.toOpaque())
        if code != 0 { body.release() }
        return code == 0
    }
}
