package import Foundation

/// What the kernel knows of processes.
package enum Processes {
    /// The living children of a process.
    package static func children(of parent: pid_t) -> [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { pid in
            guard let text = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return false }
            // What follows the name, which is in parentheses: state, parent.
            let words = String(decoding: text, as: UTF8.self).split(separator: ")").last?.split(separator: " ")
            return words?.dropFirst().first.flatMap { pid_t($0) } == parent && words?.first != "Z"
        }
    }

    /// Whether there is such a process, be it only until its parent has heard of its end.
    package static func isAlive(_ pid: pid_t) -> Bool { kill(pid, 0) == 0 }

    /// How many descriptors a process has open; 0 when it is gone.
    package static func descriptors(of pid: pid_t) -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count) ?? 0
    }

    /// Threads and resident memory in KiB; zeros when it is gone.
    package static func size(of pid: pid_t) -> (threads: Int, memory: Int) {
        let status = FileManager.default.contents(atPath: "/proc/\(pid)/status") ?? Data()
        let lines = String(decoding: status, as: UTF8.self).split(separator: "\n")
        func value(_ name: String) -> Int {
            let line = lines.first { $0.hasPrefix(name + ":") }
            return line?.split { $0 == " " || $0 == "\t" }.dropFirst().first.flatMap { Int($0) } ?? 0
        }
        return (value("Threads"), value("VmRSS"))
    }
}
