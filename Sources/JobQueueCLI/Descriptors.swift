import Foundation
import JobQueueExec

/// Descriptors that this process may open, and how many it needs: the event loops end the process where they get none.
enum Descriptors {
    /// More help nobody, and make the tables of the kernel large.
    private static let most = 65_536

    /// Takes what the hard limit permits: shells and service managers set the soft one low, for programs that cannot cope
    /// with many.
    static func raise() { OpenFiles.raise(to: most) }

    /// What there is.
    static var limit: Int { OpenFiles.raise(to: 0) }

    /// Fewer, and a command ends before it has said anything: three for each event loop, two loops a core, and what any
    /// program has open; seven for each process of a supervisor, and it may start two more for jobs that have to run alone.
    static func least(cores: Int = ProcessInfo.processInfo.activeProcessorCount, processes: Int = 0) -> Int {
        max(64, 24 + 6 * cores + (processes > 0 ? 7 * (processes + 2) : 0))
    }

    /// What a worker may need: five for each exec or isolated job that runs.
    static func wanted(children: Int, least: Int) -> Int { least + 5 * children }

    /// Throws what to do when there are too few to start.
    static func check(processes: Int = 0) throws(Failure) {
        let least = least(processes: processes)
        guard limit < least else { return }
        throw Failure(
            .badConfiguration, "this process may open \(limit) files and needs \(least): \(cure(least))")
    }

    static func cure(_ number: Int) -> String {
        "ulimit -n \(max(1024, number)), LimitNOFILE= of systemd or --ulimit nofile= of docker raise that"
    }
}
