import DequeModule
import Synchronization

// Shutdown, and solitude for suspects.

extension JobBuffer {
    /// No more jobs: answers those that have not started; slots end when they have nothing to do.
    func close() -> [Run] {
        let (runs, idle, lanes) = state.withLock { state in
            state.isClosed = true
            defer {
                state.runs = []
                state.idle = []
                state.lanes = []
            }
            return (Array(state.runs), state.idle, state.lanes)
        }
        for slot in idle { slot.resume(returning: nil) }
        for lane in lanes { lane.caller.resume(returning: 0) }
        return runs
    }

    /// No more jobs are wanted from now on, but those that are here run.
    func quiet() { state.withLock { $0.isQuiet = true } }

    /// No more jobs are wanted until it is told that they are.
    func rest(_ isResting: Bool) {
        let lane = state.withLock { state in
            state.isResting = isResting
            return wakeableLane(&state)
        }
        lane.map { $0.caller.resume(returning: $0.want) }
    }

    /// Nothing is wanted, for now or for good.
    var isQuiet: Bool { state.withLock { $0.isQuiet || $0.isResting } }

    /// Nobody who claims jobs can go on before something changes here.
    var isFetcherWaiting: Bool {
        state.withLock { state in
            state.isClosed || state.loner != nil || !state.watchers.isEmpty
                || state.lanes.contains { $0.threshold <= 1 }
        }
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }
    /// Runs that wait here or are under way.
    var load: Int { state.withLock { $0.running + $0.runs.count } }
    /// How many jobs were ever delivered.
    var delivered: Int { state.withLock { $0.delivered } }
    /// Nothing waits, runs or is on its way, and nothing came since so many were delivered.
    func isStill(since delivered: Int) -> Bool {
        state.withLock { isEmpty($0) && $0.delivered == delivered }
    }
    var isReserved: Bool { state.withLock { $0.isReserved } }
    var waiting: [Run] { state.withLock { Array($0.runs) } }

    /// From now on no more jobs are wanted. Answers true when nothing waits, runs or is on its way; false when that has
    /// not come about by `until`, ns: then jobs are wanted again.
    func reserve(until: Int) async -> Bool {
        await withCheckedContinuation { caller in
            let isAlone = state.withLock { state in
                state.isReserved = true
                let isEmpty = isEmpty(state)
                if !isEmpty { state.loner = (until, caller) }
                return isEmpty
            }
            if isAlone { caller.resume(returning: true) }
        }
    }

    /// Ends the wait of `reserve` when its time is over. To be called now and then.
    func checkReservation(now: Int) {
        let (loner, lane): (Loner?, (caller: CheckedContinuation<Int, Never>, want: Int)?) = state.withLock { state in
            guard let loner = state.loner, now >= loner.until else { return (nil, nil) }
            state.loner = nil
            state.isReserved = false
            return (loner.caller, wakeableLane(&state))
        }
        loner?.resume(returning: false)
        lane.map { $0.caller.resume(returning: $0.want) }
    }

    private func isEmpty(_ state: State) -> Bool {
        state.running == 0 && state.runs.isEmpty && state.expected == 0
    }

    /// Jobs are wanted again.
    func unreserve() {
        let lane = state.withLock { state in
            state.isReserved = false
            return wakeableLane(&state)
        }
        lane.map { $0.caller.resume(returning: $0.want) }
    }

    /// Returns when nothing waits, runs or is on its way.
    func untilEmpty() async {
        await withCheckedContinuation { (caller: CheckedContinuation<Void, Never>) in
            let isDone = state.withLock { state in
                let isDone = isEmpty(state)
                if !isDone { state.watchers.append(caller) }
                return isDone
            }
            if isDone { caller.resume() }
        }
    }

    func tellWatchers() {
        let (watchers, loner): (Waiters, Loner?) = state.withLock { state in
            guard isEmpty(state) else { return ([], nil) }
            defer {
                state.watchers = []
                state.loner = nil
            }
            return (state.watchers, state.loner?.caller)
        }
        for watcher in watchers { watcher.resume() }
        loner?.resume(returning: true)
    }

    private typealias Waiters = [CheckedContinuation<Void, Never>]
    private typealias Loner = CheckedContinuation<Bool, Never>
}
