import CPostgres
import Glibc

/// A counter of the kernel that a thread can wait for together with a socket.
enum Bell {
    static func make() -> Int32 { queue_bell() }
    static func ring(_ bell: Int32) {
        var one: UInt64 = 1
        _ = write(bell, &one, 8)
    }
    static func clear(_ bell: Int32) {
        var count: UInt64 = 0
        _ = read(bell, &count, 8)
    }
}
