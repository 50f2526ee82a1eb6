import Foundation
import JobModel
import JobStore
import Synchronization
import TerminalDashboard

/// What became of many jobs.
struct BulkReport: Encodable, Equatable {
    struct Left: Encodable, Equatable {
        var id: String
        var reason: String

        static let missing = "there is no such job"
    }

    /// Jobs that were found.
    var matched = 0
    var done = 0
    /// Those that were not done, with the reason.
    var left: [Left] = []
    /// Somebody stopped it: the same call again goes on.
    var interrupted = false
    var dryRun = false

    /// 66 where something is not there, else 1: what all verbs end with that did not do everything.
    var code: Failure.Code { left.contains { $0.reason == Left.missing } ? .notFound : .failed }
}

/// Goes through dead jobs slice by slice and does something to each of them.
///
/// What is done takes them out of the dead ones, so that the same call again goes on where this one stopped, and does nothing
/// when all is done.
struct DeadBulk {
    let store: QueueStore
    /// What shall be done: `requeue`, `delete`.
    let verb: String
    /// Standard error is somebody's who wants no lines from here.
    var isSilent = false

    /// Does it to some jobs. Answers a reason for each that was left, by id.
    typealias Act = ([JobView]) async throws -> [BulkReport.Left]

    /// How many there are. Where no index tells, all are looked at.
    func count(_ filter: DeadFilter, stop: StopSign) async throws -> Int {
        let search = try await store.searchDead(filter)
        if let count = try await search.count() { return count }
        var count = 0
        var place: ListPlace?
        repeat {
            let page = try await search.page(from: place, limit: QueueStore.pageLimit)
            count += page.jobs.count
            place = page.next
        } while place != nil && !stop.isSet
        return count
    }

    /// One that dies again meanwhile is left alone: it died later than `moment`.
    func run(
        _ filter: DeadFilter, deadAt moment: Int, expected: Int?, stop: StopSign, _ act: Act
    ) async throws -> BulkReport {
        var filter = filter
        filter.diedBefore = min(filter.diedBefore ?? .max, moment + 1)
        let search = try await store.searchDead(filter)
        var report = BulkReport()
        var progress = isSilent ? ProgressLine(total: nil, isShown: false) : ProgressLine(total: expected)
        var place: ListPlace?
        repeat {
            let page = try await search.page(from: place, limit: QueueStore.pageLimit)
            place = page.next
            if page.jobs.isEmpty { continue }
            let left: [BulkReport.Left]
            do { left = try await act(page.jobs) } catch {
                progress.end()
                if report.done > 0, !isSilent { Output.error("\(Quantity.of(report.done, "job")) done before this:") }
                throw error
            }
            report.matched += page.jobs.count
            report.done += page.jobs.count - left.count
            report.left += left
            progress.show(report.matched)
            report.interrupted = stop.isSet && place != nil
        } while place != nil && !stop.isSet
        progress.end()
        return report
    }

    /// Deletes jobs that are dead still. Answers those that were left.
    func delete(_ ids: [String]) async throws -> [BulkReport.Left] {
        let answers = try await store.remove(ids.map { QueueStore.Sighting(id: $0) }, in: .dead)
        return zip(ids, answers).filter { $0.1 != .ok }.map { id, answer in
            BulkReport.Left(id: id, reason: answer == .gone ? BulkReport.Left.missing : "not dead")
        }
    }

    /// Prints the report, and throws where not all was done. `participle` is what was done: `requeued`.
    func tell(_ report: BulkReport, json: Bool, _ participle: String, expected: Int?) throws {
        if json {
            try Output.json(report)
        } else if report.done > 0 || report.left.isEmpty {
            try Output.print("\(participle) \(Quantity.of(report.done, "job"))")
        }
        if report.interrupted {
            let whole = expected.map { " of \($0)" } ?? ""
            throw Failure(
                .interrupted, "stopped behind \(report.matched)\(whole) jobs: the same command again goes on there")
        }
        guard let first = report.left.first else { return }
        let count = Quantity.of(report.left.count, "job")
        throw Failure(report.code, "\(count) not \(participle), such as \(first.id): \(first.reason)")
    }

    /// Asks whoever sits there for the number of jobs, which nobody types without thinking.
    func confirm(_ count: Int, yes: Bool) throws(Failure) {
        let what = "\(Quantity.of(count, "dead job")) of \(store.name)"
        switch Consent.needed(yes: yes || count == 0, isTerminal: isatty(STDIN_FILENO) == 1) {
        case .given: return
        case .missing: throw Failure(.usage, "this would \(verb) \(what): add --yes")
        case .question:
            Output.error("This will \(verb) \(what). Type their number to go on:")
            guard Self.isConfirmed(count, by: readLine()) else { throw Failure(.failed, "nothing was done") }
        }
    }

    static func isConfirmed(_ count: Int, by line: String?) -> Bool {
        line?.filter { !$0.isWhitespace && $0 != "," } == "\(count)"
    }
}

/// Heard by those who do much: INT, TERM and HUP set it, and they stop behind what they are doing.
final class StopSign: Sendable {
    private let state = Mutex<(isSet: Bool, signals: SignalStream?)>((false, nil))

    init() {}

    /// Takes the signals, for as long as the sign is there.
    func listen() {
        let signals = SignalStream([SIGINT, SIGTERM, SIGHUP]) { [weak self] _ in self?.set() }
        state.withLock { $0.signals = signals }
    }

    var isSet: Bool { state.withLock { $0.isSet } }

    func set() { state.withLock { $0.isSet = true } }
}

/// How far something has come: one line on standard error that is written anew, on a terminal only and at most ten times a
/// second.
struct ProgressLine {
    private let total: Int?
    private let isShown: Bool
    private var last: ContinuousClock.Instant?

    init(total: Int?, isShown: Bool = isatty(STDERR_FILENO) == 1) {
        self.total = total
        self.isShown = isShown
    }

    mutating func show(_ done: Int, now: ContinuousClock.Instant = .now) {
        guard isShown, last.map({ now - $0 >= .milliseconds(100) }) ?? true else { return }
        last = now
        FileHandle.standardError.write(Data("\r\(Self.text(done, of: total))\u{1B}[K".utf8))
    }

    /// Takes the line away.
    func end() {
        guard last != nil else { return }
        FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
    }

    static func text(_ done: Int, of total: Int?) -> String {
        guard let total, total > 0 else { return Quantity.count(done) }
        let tenths = min(20, done * 20 / total)
        let bar = String(repeating: "#", count: tenths) + String(repeating: ".", count: 20 - tenths)
        return "[\(bar)] \(Quantity.count(done)) of \(Quantity.count(total))"
    }
}
