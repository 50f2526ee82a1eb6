import JobQueueExec
import JobQueueWorker
import Logging

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

// What signals to the supervisor mean.

extension Desk {
    mutating func hear(signal number: Int32) -> [Supervisor.Errand] {
        switch number {
        case SIGUSR1:
            report()
            return []
        case SIGTTIN:
            herd.grow(now: now)
            logger.info(
                "one process more", metadata: ["event": "process.more", "processes": .stringConvertible(herd.size)])
            return []
        case SIGTTOU:
            let errands = carry(out: herd.shrink())
            logger.info(
                "one process less", metadata: ["event": "process.less", "processes": .stringConvertible(herd.size)])
            return errands
        case SIGHUP where configuration.reloads:
            announce(.reloading)
            defer { announce(.reloaded) }
            return renew()
        case SIGTSTP:
            quiet()
            return []
        default: return stop(number)
        }
    }

    /// The first signal ends the processes in order; the second makes them give back what they run; the third kills them.
    private mutating func stop(_ number: Int32) -> [Supervisor.Errand] {
        stops += 1
        announce(.stopping)
        logger.info(
            "received \(SignalName.of(Int(number)))",
            metadata: ["event": "worker.stopping", "count": .stringConvertible(stops)])
        if stops == 1 { return carry(out: herd.stop()) }
        for index in kin.keys { press(index) }
        return []
    }

    /// INT, because a service manager may send TERM to all processes at once, which says nothing about patience.
    mutating func press(_ index: Int) {
        if stops == 2 { kin[index]?.companion?.signal(SIGINT) }
        guard stops > 2 else { return }
        kin[index]?.isKilled = true
        kin[index]?.companion?.signal(SIGKILL)
    }

    /// The processes finish what they have, and stay. No others are started in their place.
    private mutating func quiet() {
        logger.info("received SIGTSTP: no more jobs are claimed", metadata: ["event": "worker.quiet"])
        herd.quiet()
    }

    /// Only those that listen already: others would stand still until somebody continues them.
    mutating func hush() {
        for (index, child) in kin where !child.isQuiet && child.board.pulse > 0 {
            kin[index]?.isQuiet = true
            child.companion?.signal(SIGTSTP)
        }
    }

    private mutating func renew() -> [Supervisor.Errand] {
        let before = configuration.processes
        switch check() {
        case .fine(let configuration): self.configuration = configuration
        case .wrong(let problem):
            logger.error(
                "received HUP: the configuration is wrong, and the processes stay as they are: \(problem)",
                metadata: ["event": "config.refused"])
            return []
        }
        herd.adopt(Self.rules(configuration))
        var errands: [Supervisor.Errand] = []
        // What TTIN and TTOU made of it stays, unless another number is configured.
        if configuration.processes != before {
            while herd.size < configuration.processes { herd.grow(now: now) }
            while herd.size > configuration.processes, herd.size > 1 { errands += carry(out: herd.shrink()) }
        }
        logger.info("received HUP: the processes are replaced one by one", metadata: ["event": "config.reloaded"])
        herd.renew()
        return errands
    }

    private func report() {
        for (index, kin) in kin.sorted(by: { $0.key < $1.key }) {
            let reading = kin.board.read()
            logger.info(
                "worker process",
                metadata: [
                    "event": "process.state", "process": .stringConvertible(index),
                    "pid": .stringConvertible(kin.companion?.pid ?? 0),
                    "ended_runs": .stringConvertible(kin.board.ended),
                    "jobs": "\(reading.runs.prefix(20).map(\.id).joined(separator: ","))",
                ])
        }
    }
}
