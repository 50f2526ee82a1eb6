/// Whether the fetch loop goes on: a value that is shown, every few milliseconds, how often the loop has turned. Times are ns
/// on any clock that does not step.
struct FetchWatch {
    private var turns = 0
    private var since: Int?
    /// As of the last look.
    private(set) var isLive = true

    /// How long the loop has been standing still with nothing to wait for, ns.
    func age(now: Int) -> Int { now - (since ?? now) }

    /// - Parameters:
    ///   - isWaiting: The loop waits for something that other parts will do, such as ending a run. How long is not its fault.
    ///   - isStarved: Claimed jobs have been waiting for too long to be looked at.
    ///   - patience: So long it may stand still with nothing to wait for.
    mutating func look(now: Int, turns: Int, isWaiting: Bool, isStarved: Bool, patience: Int) -> Bool {
        if since == nil || turns != self.turns || isWaiting {
            self.turns = turns
            since = now
        }
        isLive = !isStarved && now - (since ?? now) < patience
        return isLive
    }
}
