import Foundation
import JobStore
import Synchronization

/// Who this worker is, for people.
package struct WorkerIdentity: Sendable {
    /// `host:pid:` and eight random characters: unique also when a machine is cloned or a process id comes again.
    let id: String
    let host: String
    let pid: Int
    let version = JobQueueWorkerVersion.text
    /// On the worker's clock, ns.
    let startedAt: Int
    /// Jobs that it has handlers for, as many as a card may name.
    let names: [String]

    /// What workers call the machine they run on: 1 to 40 of the characters A-Z a-z 0-9 -.
    package static var machine: String {
        let host = ProcessInfo.processInfo.hostName.prefix { $0 != "." }.filter {
            $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-")
        }
        return host.isEmpty ? "localhost" : String(host.prefix(40))
    }

    init(clock: WorkerClock, names: [String]) {
        host = Self.machine
        pid = Int(ProcessInfo.processInfo.processIdentifier)
        let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")
        id = "\(self.host):\(pid):" + String((0..<8).map { _ in alphabet.randomElement() ?? "0" })
        startedAt = clock.nanoseconds
        self.names = Array(names.prefix(WorkerCard.nameLimit))
    }
}

/// The version of this software.
public enum JobQueueWorkerVersion {
    public static let text = "0.1.0"
}

/// The last resort.
package enum ProcessExit {
    private static let last = Mutex<(@Sendable () -> Void)?>(nil)

    /// What is done before the process ends: it must not take long, whatever else stands still.
    package static func prepare(_ body: @escaping @Sendable () -> Void) { last.withLock { $0 = body } }

    /// Ends the process at once, without running anything that might block.
    static func now(status: Int32) -> Never {
        last.withLock { $0 }?()
        _exit(status)
    }
}
