// Jobs that have lost two runs in a row or more run with nothing beside them.

import JobStore
import Synchronization

extension Fetcher {
    /// A suspect that has been due for this long is run here, ns: by then no worker with one slot has come for it.
    private static let patience = 5_000_000_000
    /// The same where another process is there for suspects, ns.
    private static let longPatience = 60_000_000_000
    /// How long jobs beside it may take to end before a suspect has to wait for another time, ns: so long slots are idle.
    private static let quiet = 10_000_000_000
    /// A worker for suspects ends when there have been none for so long, ns.
    private static let idleness = 10_000_000_000

    /// Runs suspects with nothing beside them: at once when there is nothing else to do, else when nobody else has. One
    /// of each queue; answers whether there was any.
    func runSuspects(_ look: Look) async -> Bool {
        var hasRun = false
        for member in members.all {
            guard look.suspects.contains(where: { $0 === member }) else {
                // A look that found enough before did not ask this queue.
                if look.asked.contains(where: { $0 === member }) { member.suspectSince.store(0, ordering: .relaxed) }
                continue
            }
            let now = clock.nanoseconds
            let since = member.suspectSince.load(ordering: .relaxed)
            if since == 0 { member.suspectSince.store(now, ordering: .relaxed) }
            let isOverdue = since != 0 && now - since > (suspects == .leave ? Self.longPatience : Self.patience)
            guard isOverdue || (suspects == .run && buffer.load == 0) else { continue }
            if let isSome = await runSuspect(of: member) {
                hasRun = hasRun || isSome
            } else {
                member.suspectSince.store(clock.nanoseconds + 2 * Self.quiet, ordering: .relaxed)
            }
        }
        return hasRun
    }

    /// Runs suspects and nothing else, until the buffer is closed or there have been none for a while.
    func runOnlySuspects() async {
        defer { more.close() }
        var since = clock.nanoseconds
        while !buffer.isClosed {
            lanes.first.turn()
            var hasRun = false
            for member in members.all where !buffer.isQuiet {
                if await runSuspect(of: member) == true { hasRun = true }
            }
            if hasRun { since = clock.nanoseconds }
            if clock.nanoseconds - since > Self.idleness, !buffer.isQuiet { return }
            if !hasRun { try? await Task.sleep(for: .milliseconds(200)) }
        }
    }

    /// Empties this worker and runs one suspect of a queue, if there is one. Answers whether there was; nil when other jobs
    /// took too long to end.
    private func runSuspect(of member: Member) async -> Bool? {
        guard await buffer.reserve(until: clock.nanoseconds + Self.quiet) else { return nil }
        defer { buffer.unreserve() }
        // Our range must be empty: outcomes on their way still count as held.
        for _ in 0..<200 where !settler.ids.isEmpty { try? await Task.sleep(for: .milliseconds(5)) }
        guard let lease = await members.lease(of: member, mayJoin: true), !buffer.isClosed, !buffer.isQuiet,
            let claim = await claim(1, member, lease, lanes.first, alone: true)
        else { return false }
        buffer.deliver(runs(of: claim, lease, alone: true), of: 0)
        await buffer.untilEmpty()
        return !claim.jobs.isEmpty
    }
}
