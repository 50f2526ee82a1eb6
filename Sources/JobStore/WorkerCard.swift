import FoundationEssentials
import JobModel

/// What a worker says of itself with every beat: `{"worker":…,"host":…,"pid":…,"version":…,"started":…,"slots":…,"busy":…,
/// "runs":[{"id":…,"name":…,"attempt":…,"started":…}],"names":[…],"memory":…,"done":…,"failed":…,"quiet":…}`. Times are ms since 1970 by Redis' clock.
package struct WorkerCard: Codable, Sendable, Equatable {
    /// Longest list of runs, the oldest ones.
    package static let runLimit = 100
    /// Longest list of names.
    package static let nameLimit = 200
    /// Longest id, in bytes.
    package static let idLimit = 512

    package struct Run: Codable, Sendable, Equatable {
        package var id: String
        package var name: String
        package var attempt: Int
        package var started: Int

        package init(id: String, name: String, attempt: Int, started: Int) {
            self.id = id
            self.name = name
            self.attempt = attempt
            self.started = started
        }
    }

    package var id: String
    package var host: String
    package var pid: Int
    package var version: String
    package var started: Int
    package var slots: Int
    package var busy: Int
    package var runs: [Run]
    /// Jobs that it has handlers for; nil of workers that do not say.
    package var names: [String]?
    /// Resident bytes of its process; nil of workers that do not say, as what follows.
    package var memory: Int?
    /// Runs since it was started: those that succeeded, and those that failed or took too long.
    package var done: Int?
    package var failed: Int?
    /// It takes nothing new. Left out while it does.
    package var quiet: Bool?

    package var isQuiet: Bool { quiet == true }

    enum CodingKeys: String, CodingKey {
        case id = "worker"
        case host, pid, version, started, slots, busy, runs, names, memory, done, failed, quiet
    }

    package init?(parsing bytes: ArraySlice<UInt8>) {
        guard !bytes.isEmpty, let card = try? JSONDecoder().decode(WorkerCard.self, from: Data(bytes)) else {
            return nil
        }
        guard card.id.utf8.count <= Self.idLimit else { return nil }
        self = card
        // Anybody can write there, and these are subtracted and added up: nothing of that may overflow.
        started = Self.moment(started)
        for index in runs.indices {
            runs[index].started = Self.moment(runs[index].started)
            runs[index].attempt = min(max(0, runs[index].attempt), 1_000_000)
        }
        if let all = names {
            var seen: Set<String> = []
            names = all.filter { seen.insert($0).inserted }
        }
        let limit = 1 << 40
        (slots, busy) = (min(max(0, slots), 1_000_000), min(max(0, busy), 1_000_000))
        (done, failed) = (done.map { min(max(0, $0), limit) }, failed.map { min(max(0, $0), limit) })
        memory = memory.map { min(max(0, $0), limit << 10) }
    }

    private static func moment(_ ms: Int) -> Int { min(max(0, ms), Due.latest) }

    package init(
        id: String, host: String, pid: Int, version: String, started: Int, slots: Int, busy: Int,
        runs: [Run],
        names: [String]? = nil
    ) {
        self.id = id
        self.host = host
        self.pid = pid
        self.version = version
        self.started = started
        self.slots = slots
        self.busy = busy
        self.runs = runs
        self.names = names
    }

    package func encoded() -> [UInt8] { (try? JSONEncoder().encode(self)).map(Array.init) ?? Array("{}".utf8) }
}
