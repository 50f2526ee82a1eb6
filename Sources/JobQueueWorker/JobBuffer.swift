import DequeModule
import Synchronization

/// The jobs that were claimed and have not started, between the claims and the slots. It also knows how many more are
/// wanted, because it sees both sides.
final class JobBuffer: Sendable {
    struct State {
        var runs: Deque<Run> = []
        /// Slots with nothing to do.
        var idle: [CheckedContinuation<Run?, Never>] = []
        /// Jobs asked for and not yet delivered.
        var expected = 0
        /// Jobs that were ever delivered.
        var delivered = 0
        /// Runs that slots have and have not finished.
        var running = 0
        /// Average duration of the last runs, ns; 0 before the first.
        var duration = 0.0
        /// Runs that were ever handed to slots, and how many that were when somebody last looked at the time, ns.
        var starts = 0
        var seen = (starts: 0, at: 0)
        /// Slow jobs have all slots: until one ends nothing is claimed ahead.
        var isStuck = false
        var isClosed = false
        /// No more are wanted, ever; what is here goes on.
        var isQuiet = false
        /// No more are wanted for now.
        var isResting = false
        /// Somebody will run a job alone: no more are wanted until that is over.
        var isReserved = false
        /// Who waits to be alone, and until when, ns.
        var loner: (until: Int, caller: CheckedContinuation<Bool, Never>)?
        var lanes: [(threshold: Int, caller: CheckedContinuation<Int, Never>)] = []
        var watchers: [CheckedContinuation<Void, Never>] = []
    }

    let state = Mutex(State())
    private let concurrency: Int
    /// nil: adapt.
    private let prefetch: Int?

    /// What one claim asks for at most.
    static let claimLimit = 512
    /// What is claimed ahead of the slots at most.
    private static let prefetchLimit = 1000
    /// Only what will start within this time is claimed ahead, ns: nothing may wait behind a slow job here while another
    /// worker is idle.
    private static let horizon = 10_000_000.0
    /// What was claimed ahead is given back when nothing has started for so long, ns.
    private static let patience = 100_000_000

    init(concurrency: Int, prefetch: Int?) {
        self.concurrency = concurrency
        self.prefetch = prefetch
    }

    // MARK: Slots

    /// The next run for a slot; nil when there will be none. `finished` is how long its last one took, ns.
    func next(finished: Int?) async -> Run? {
        var isIdle = false
        let (run, lane) = state.withLock { state -> (Run?, (caller: CheckedContinuation<Int, Never>, want: Int)?) in
            if let finished { note(finished, &state) }
            guard let run = state.runs.popFirst() else {
                isIdle = !state.isClosed
                return (nil, nil)
            }
            start(&state)
            return (run, wakeableLane(&state))
        }
        lane.map { $0.caller.resume(returning: $0.want) }
        if run != nil || !isIdle {
            if run == nil { tellWatchers() }
            return run
        }
        return await wait()
    }

    /// A run took so long, and its slot will not come for another one.
    func finish(_ nanoseconds: Int) {
        let lane = state.withLock { state in
            note(nanoseconds, &state)
            return wakeableLane(&state)
        }
        lane.map { $0.caller.resume(returning: $0.want) }
        tellWatchers()
    }

    /// A run was taken and not begun.
    func putDown() {
        state.withLock { $0.running -= 1 }
        tellWatchers()
    }

    private func wait() async -> Run? {
        await withCheckedContinuation { caller in
            var isClosed = false
            let (run, lane) = state.withLock { state -> (Run?, (caller: CheckedContinuation<Int, Never>, want: Int)?) in
                if let run = state.runs.popFirst() {
                    start(&state)
                    return (run, nil)
                }
                isClosed = state.isClosed
                if !isClosed { state.idle.append(caller) }
                return (nil, wakeableLane(&state))
            }
            lane.map { $0.caller.resume(returning: $0.want) }
            if run != nil || isClosed { caller.resume(returning: run) }
            tellWatchers()
        }
    }

    private func start(_ state: inout State) {
        state.running += 1
        state.starts += 1
    }

    private func note(_ finished: Int, _ state: inout State) {
        state.running -= 1
        state.isStuck = false
        let duration = Double(finished)
        state.duration = state.duration == 0 ? duration : state.duration * 0.98 + duration * 0.02
    }

    // MARK: Lanes

    /// Waits until at least `threshold` more jobs are wanted, and promises to ask for as many as it answers; 0 means that
    /// no more are wanted, ever. `deliver` ends the promise.
    func demand(atLeast threshold: Int) async -> Int {
        await withCheckedContinuation { caller in
            let want: Int? = state.withLock { state in
                if state.isClosed { return 0 }
                let want = wanted(state)
                if want >= threshold {
                    state.expected += want
                    return want
                }
                state.lanes.append((threshold, caller))
                return nil
            }
            if let want { caller.resume(returning: want) }
        }
    }

    /// Ends a promise of `demand` with what came of it.
    func deliver(_ runs: [Run], of promised: Int) {
        var handed: [(CheckedContinuation<Run?, Never>, Run)] = []
        let lane = state.withLock { state in
            state.expected -= promised
            state.delivered += runs.count
            // What comes after the end is given back with the membership: nobody here would run it.
            for run in runs where !state.isClosed {
                if let slot = state.idle.popLast() {
                    start(&state)
                    handed.append((slot, run))
                } else {
                    state.runs.append(run)
                }
            }
            return wakeableLane(&state)
        }
        for (slot, run) in handed { slot.resume(returning: run) }
        if handed.isEmpty { tellWatchers() }
        lane.map { $0.caller.resume(returning: $0.want) }
    }

    private func wanted(_ state: State) -> Int {
        if state.isReserved || state.isQuiet || state.isResting { return 0 }
        let ahead: Int
        if let prefetch {
            ahead = prefetch
        } else if state.duration == 0 || state.isStuck {
            ahead = 0
        } else {
            ahead = min(Self.prefetchLimit, Int(Double(concurrency) * Self.horizon / max(state.duration, 1000)))
        }
        let free = concurrency - state.running
        return min(Self.claimLimit, max(0, free + ahead - state.runs.count - state.expected))
    }

    func wakeableLane(_ state: inout State) -> (caller: CheckedContinuation<Int, Never>, want: Int)? {
        guard !state.lanes.isEmpty else { return nil }
        let want = wanted(state)
        guard let index = state.lanes.firstIndex(where: { $0.threshold <= want }) else { return nil }
        state.expected += want
        return (state.lanes.remove(at: index).caller, want)
    }

    /// Puts a run in the place of one of the same job that has not started; false when there is none.
    func replace(with run: Run) -> Bool {
        let old = state.withLock { state -> Run? in
            let place = state.runs.firstIndex { $0.id == run.id && $0.lease.queue == run.lease.queue }
            guard let place else { return nil }
            defer { state.runs[place] = run }
            return state.runs[place]
        }
        old?.lease.letGo(1)
        return old != nil
    }

    /// Takes out a run that has not started; nil when it is not there.
    func withdraw(where isMeant: (Run) -> Bool) -> Run? {
        state.withLock { state in
            guard let place = state.runs.firstIndex(where: isMeant) else { return nil }
            return state.runs.remove(at: place)
        }
    }

    /// Takes back what was claimed ahead and waits behind jobs that turned out slow: another worker may be idle. To be
    /// asked now and then. A configured number of jobs claimed ahead is what somebody wanted, and stays.
    func overdue(now: Int) -> [Run] {
        state.withLock { state in
            if prefetch != nil || state.isClosed || state.runs.isEmpty || state.starts != state.seen.starts {
                state.seen = (state.starts, now)
                return []
            }
            guard now - state.seen.at >= Self.patience else { return [] }
            state.isStuck = true
            defer { state.runs = [] }
            return Array(state.runs)
        }
    }
}
