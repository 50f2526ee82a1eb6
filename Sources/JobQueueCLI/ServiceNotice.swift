import Foundation
import Synchronization

/// Tells systemd what this process is doing, by the protocol of sd_notify(3): datagrams to the socket that it named. Without
/// a service manager nothing happens.
final class ServiceNotice: Sendable {
    private let address: String
    private let descriptor: Int32
    /// Between two signs of life, ns; nil when nobody watches.
    private let period: Int?
    /// When the last sign of life was sent, ns; 0 before this process was ready.
    private let lastSign = Atomic(0)

    /// Nil when nobody wants to know.
    init?(_ environment: [String: String] = ProcessInfo.processInfo.environment) {
        guard let address = environment["NOTIFY_SOCKET"], address.hasPrefix("/") || address.hasPrefix("@"),
            address.utf8.count > 1, address.utf8.count < Self.pathSize
        else { return nil }
        self.address = address
        period = Self.period(environment)
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        if descriptor < 0 { return nil }
    }

    deinit { close(descriptor) }

    /// A third of what systemd waits, so that one may get lost.
    private static func period(_ environment: [String: String]) -> Int? {
        if let pid = environment["WATCHDOG_PID"], pid != "\(getpid())" { return nil }
        return environment["WATCHDOG_USEC"].flatMap { Int($0) }.flatMap { $0 > 0 ? min($0, 1 << 50) / 3 * 1000 : nil }
    }

    /// A sign of life. The first says that the process is at work. To be called often; most calls do nothing.
    func live() {
        let now = Self.monotonic
        let last = lastSign.load(ordering: .relaxed)
        if last == 0 {
            lastSign.store(now, ordering: .relaxed)
            tell("READY=1")
        } else if let period, now - last >= period {
            lastSign.store(now, ordering: .relaxed)
            tell("WATCHDOG=1")
        }
    }

    func stopping() { tell("STOPPING=1") }

    /// HUP: systemd takes the service for reloading until it is told that it is ready.
    func reloading() { tell("RELOADING=1\nMONOTONIC_USEC=\(Self.monotonic / 1000)") }
    func reloaded() { tell("READY=1") }

    private static var monotonic: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    private static let pathSize = MemoryLayout.size(ofValue: sockaddr_un().sun_path)

    /// Never waits: what nobody takes is lost.
    private func tell(_ text: String) {
        var there = sockaddr_un()
        there.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &there.sun_path) { path in
            path.copyBytes(from: address.utf8)
            // An abstract name.
            if address.hasPrefix("@") { path[0] = 0 }
        }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size - Self.pathSize + address.utf8.count)
        _ = withUnsafePointer(to: &there) { there in
            there.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL), $0, size)
            }
        }
    }
}
