import CSpawn
package import JobModel
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What a worker process shows to the process that supervises it: in memory that both share, so that it can still be read
/// when the worker is dead. It tells which leases the worker held and which of its runs had begun; only those count as lost.
///
/// One writer for each word: the worker. The supervisor trusts what it finds only after the worker's end, but for the two
/// counters of `pulse`.
///
/// Unchecked: the pointer is to shared memory that is never unmapped; who may write what is said above.
package final class Board: @unchecked Sendable {
    /// Tells a worker where its board is: the supervisor's process id and descriptor. Whoever inherits it from further away
    /// has another parent.
    package static let variable = "QUEUE_WORKER_BOARD"

    /// Words of 8 bytes: the turns of the heart, the number of leases ever held, the slots, the number of runs ever ended,
    /// the worker's clock at its last turn, whether it is there for suspects; then a name of a worker, the last ends, leases, slots. A name is a length and 64 bytes: the longest there are, but
    /// for a worker's, which is cut.
    enum Layout {
        static let turns = 0
        static let leases = 8
        static let slots = 16
        static let ends = 24
        static let now = 32
        static let suspects = 40
        static let worker = 48
        static let name = 8 + Names.limit
        static let firstEnd = worker + name
        /// A digest of the id, and the token.
        static let end = 16
        /// More than are on the way between a handler's return and Redis, unless Redis is away.
        static let endLimit = 16_384
        static let firstLease = firstEnd + endLimit * end
        static let lease = 8 + name
        static let leaseLimit = 4096
        static let firstSlot = firstLease + leaseLimit * lease
        /// State, runs that have ended, token, start, id.
        static let slot = 32 + name
        /// How often the process told what it counts; then two pages, which are written in turns: a length and bytes.
        static func pages(slots: Int) -> Int { firstSlot + slots * slot }
        /// Memory that nobody touches costs nothing.
        static let pageLimit = 4 << 20
        static let page = 8 + pageLimit
        static func size(slots: Int) -> Int { pages(slots: slots) + 8 + 2 * page }
    }

    /// What a slot is doing.
    private enum Mark: Int {
        case idle = 0
        case running, alone
        /// It ignored its time limit, and its process ends because of that.
        case condemned
    }

    let base: UnsafeMutableRawPointer
    package let slots: Int
    /// The supervisor's end. The worker's is closed once it is mapped.
    private let descriptor: Int32

    private init(_ base: UnsafeMutableRawPointer, slots: Int, descriptor: Int32) {
        self.base = base
        self.slots = slots
        self.descriptor = descriptor
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        munmap(base, Layout.size(slots: slots))
    }

    // MARK: The supervisor's side

    /// A new board; nil when there is no memory or descriptor for it. `onlySuspects`: the worker is to run those, and nothing
    /// else.
    package init?(slots: Int, onlySuspects: Bool = false) {
        let size = Layout.size(slots: slots)
        descriptor = queue_board_open(size)
        guard descriptor >= 0 else { return nil }
        guard let base = queue_board_map(descriptor, size) else {
            close(descriptor)
            return nil
        }
        self.base = base
        self.slots = slots
        base.storeBytes(of: slots, toByteOffset: Layout.slots, as: Int.self)
        base.storeBytes(of: onlySuspects ? 1 : 0, toByteOffset: Layout.suspects, as: Int.self)
    }

    /// For the environment of the child.
    package var value: String { "\(getpid()):\(descriptor)" }

    /// Grows with each turn of the worker's heart.
    package var pulse: Int { word(Layout.turns) }

    /// Runs that go on.
    package var busy: Int { (0..<slots).count { word(place(ofSlot: $0)) != Mark.idle.rawValue } }

    /// Runs that have ended.
    package var ended: Int { (0..<slots).reduce(0) { $0 &+ word(place(ofSlot: $1) + 8) } }

    /// What a dead worker had.
    package struct Reading: Equatable, Sendable {
        package struct Run: Equatable, Sendable {
            package var id: String
            package var token: Token
            package var isAlone: Bool
            package var isCondemned: Bool
            /// How long it had been running when the worker was seen last, ms.
            package var ms = 0
        }
        /// Empty when it never got so far.
        package var worker: String
        package var leases: [(queue: QueueName, incarnation: Incarnation)]
        package var runs: [Run]
        /// Runs that had ended, the last ones; by token a digest of each id.
        package var ended: [Token: Set<UInt64>] = [:]

        /// Whether a handler had returned, whatever became of its outcome.
        package func hasEnded(_ id: String, _ token: Token) -> Bool {
            ended[token]?.contains(Board.digest(id)) ?? false
        }

        package static func == (a: Self, b: Self) -> Bool {
            a.worker == b.worker && a.runs == b.runs && a.ended == b.ended
                && a.leases.elementsEqual(b.leases, by: ==)
        }
    }

    package func read() -> Reading {
        atomicMemoryFence(ordering: .acquiring)
        let leases = (0..<count(Layout.leases, Layout.leaseLimit)).compactMap { index in
            let place = Layout.firstLease + index * Layout.lease
            guard let queue = try? QueueName(name(place + 8)), Incarnation.range.contains(word(place)) else {
                return nil as (queue: QueueName, incarnation: Incarnation)?
            }
            return (queue, Incarnation(word(place)))
        }
        let runs = (0..<slots).compactMap { slot -> Reading.Run? in
            let place = place(ofSlot: slot)
            guard let mark = Mark(rawValue: word(place)), mark != .idle else { return nil }
            let nanoseconds = word(Layout.now).subtractingReportingOverflow(word(place + 24)).partialValue
            return Reading.Run(
                id: name(place + 32), token: Token(word(place + 16)), isAlone: mark == .alone,
                isCondemned: mark == .condemned, ms: max(0, nanoseconds) / 1_000_000)
        }
        var reading = Reading(worker: name(Layout.worker), leases: leases, runs: runs)
        for index in 0..<count(Layout.ends, Layout.endLimit) {
            let place = Layout.firstEnd + index * Layout.end
            reading.ended[Token(word(place + 8)), default: []].insert(UInt64(bitPattern: Int64(word(place))))
        }
        return reading
    }

    // MARK: The worker's side

    /// A process that has a supervisor cannot find its board.
    package struct Missing: Error {}

    /// The board that this process was given by its parent; nil when it has none. One that is supervised must not work
    /// without it, and less still supervise others.
    package static func inherited() throws(Missing) -> Board? {
        guard let text = getenv(variable).map({ String(cString: $0) }) else { return nil }
        let parts = text.split(separator: ":").compactMap { Int32($0) }
        guard parts.count == 2, parts[0] == getppid() else { return nil }
        guard let board = find(parts) else { throw Missing() }
        return board
    }

    private static func find(_ parts: [Int32]) -> Board? {
        let descriptor = open("/proc/\(parts[0])/fd/\(parts[1])", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, Int(facts.st_size) >= Layout.firstSlot,
            let base = queue_board_map(descriptor, Int(facts.st_size))
        else { return nil }
        let slots = base.loadUnaligned(fromByteOffset: Layout.slots, as: Int.self)
        guard slots >= 0, Layout.size(slots: slots) <= Int(facts.st_size) else { return nil }
        return Board(base, slots: slots, descriptor: -1)
    }

    /// What the worker is there for.
    package var isForSuspects: Bool { word(Layout.suspects) != 0 }

    func introduce(_ worker: String) { write(String(worker.prefix(Names.limit)), at: Layout.worker) }

    /// `now` is the worker's clock, ns.
    func turn(now: Int) {
        base.storeBytes(of: now, toByteOffset: Layout.now, as: Int.self)
        base.storeBytes(of: word(Layout.turns) &+ 1, toByteOffset: Layout.turns, as: Int.self)
    }

    /// Before the lease is asked for: what is held under it is found however this process ends. Joins one at a time.
    func note(_ incarnation: Incarnation, of queue: QueueName) {
        let count = word(Layout.leases)
        // After so many leases the oldest is long over.
        let place = Layout.firstLease + count % Layout.leaseLimit * Layout.lease
        base.storeBytes(of: incarnation.number, toByteOffset: place, as: Int.self)
        write(queue.text, at: place + 8)
        atomicMemoryFence(ordering: .releasing)
        base.storeBytes(of: count + 1, toByteOffset: Layout.leases, as: Int.self)
    }

    /// The lease that was noted last is somebody else's.
    func takeBackLease() {
        base.storeBytes(of: max(0, word(Layout.leases) - 1), toByteOffset: Layout.leases, as: Int.self)
    }

    /// The part of one slot.
    func place(_ slot: Int) -> Place? { slot < slots ? Place(board: self, offset: place(ofSlot: slot)) : nil }

    struct Place {
        fileprivate let board: Board
        fileprivate let offset: Int

        func begin(_ run: Run, now: Int) {
            board.base.storeBytes(of: run.token.number, toByteOffset: offset + 16, as: Int.self)
            board.base.storeBytes(of: now, toByteOffset: offset + 24, as: Int.self)
            board.write(run.id, at: offset + 32)
            atomicMemoryFence(ordering: .releasing)
            set(run.isAlone ? .alone : .running)
        }

        func condemn() { set(.condemned) }

        func end(_ run: Run?) {
            if let run { board.noteEnd(run) }
            atomicMemoryFence(ordering: .releasing)
            set(.idle)
            board.base.storeBytes(of: board.word(offset + 8) &+ 1, toByteOffset: offset + 8, as: Int.self)
        }

        private func set(_ mark: Mark) { board.base.storeBytes(of: mark.rawValue, toByteOffset: offset, as: Int.self) }
    }

    /// From all slots at once: until its outcome is stored it can be lost.
    private func noteEnd(_ run: Run) {
        let ends = (base + Layout.ends).assumingMemoryBound(to: Atomic<Int>.self)
        let count = ends.pointee.wrappingAdd(1, ordering: .relaxed).oldValue
        let place = Layout.firstEnd + count % Layout.endLimit * Layout.end
        base.storeBytes(of: Self.digest(run.id), toByteOffset: place, as: UInt64.self)
        base.storeBytes(of: run.token.number, toByteOffset: place + 8, as: Int.self)
    }

    /// FNV-1a: two of a worker's jobs with the same one are as good as impossible, and would cost a line of history.
    static func digest(_ id: String) -> UInt64 {
        id.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }

    // MARK: Bytes

    private func place(ofSlot slot: Int) -> Int { Layout.firstSlot + slot * Layout.slot }

    func word(_ offset: Int) -> Int { base.load(fromByteOffset: offset, as: Int.self) }

    /// A dead process may have left anything.
    private func count(_ offset: Int, _ limit: Int) -> Int { max(0, min(word(offset), limit)) }

    private func write(_ text: String, at offset: Int) {
        var text = text
        let count = text.withUTF8 { utf8 -> Int in
            let count = min(utf8.count, Names.limit)
            if let source = utf8.baseAddress { (base + offset + 8).copyMemory(from: source, byteCount: count) }
            return count
        }
        base.storeBytes(of: count, toByteOffset: offset, as: Int.self)
    }

    private func name(_ offset: Int) -> String {
        let count = max(0, min(word(offset), Names.limit))
        return String(decoding: UnsafeRawBufferPointer(start: base + offset + 8, count: count), as: UTF8.self)
    }
}
