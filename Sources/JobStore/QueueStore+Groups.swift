package import JobModel
import Redis

/// Dead jobs of one name that died of the same thing.
package struct DeadGroupView: Equatable, Sendable {
    package var group: DeadGroup
    /// How many there are.
    package var count: Int
    /// When the first and the last of them died, ms since 1970 on Redis' clock.
    package var firstMs: Int
    package var lastMs: Int
    /// The last to die.
    package var sampleID: String
    /// Of what it died; nil when that was not asked for, or is gone.
    package var sample: ErrorEntry?
}

/// Some of the groups of a queue, in the order of their names.
package struct DeadGroups: Equatable, Sendable {
    /// ms since 1970 on Redis' clock.
    package var now: Int
    /// Dead jobs of the queue, whatever their group.
    package var total: Int
    /// How many of them are in no group: they died before there were groups.
    package var ungrouped: Int
    package var groups: [DeadGroupView] = []
    /// Behind which group to go on; nil at the end.
    package var next: DeadGroup?
}

extension QueueStore {
    /// Most groups of one call.
    package static let groupLimit = 200

    /// What the dead jobs died of: 1 to 200 groups, of all names or of one, from behind a group on.
    ///
    /// The cost grows with the groups and not with the jobs: one round trip, and two more for the samples. Every number is
    /// counted at that moment.
    package func deadGroups(
        name: String? = nil, after place: DeadGroup? = nil, limit: Int = groupLimit, samples: Bool = true
    ) async throws(StoreError) -> DeadGroups {
        let range = name.map { DeadRange(name: $0) } ?? .all
        var arguments = arguments()
        arguments.append(place.map { "[\($0)0" } ?? range.low)
        arguments.append(range.high)
        arguments.append(limit)
        var (_, reader) = try await call(.groups, arguments)
        var page = try read { () throws(RedisError) in try Self.groups(&reader) }
        if samples { try await addSamples(&page) }
        return page
    }

    /// All groups of a queue, or of one name.
    package func allDeadGroups(
        name: String? = nil, samples: Bool = true
    ) async throws(StoreError) -> DeadGroups {
        var all = try await deadGroups(name: name, samples: samples)
        while let place = all.next {
            let more = try await deadGroups(name: name, after: place, samples: samples)
            all.groups += more.groups
            (all.now, all.total, all.ungrouped, all.next) = (more.now, more.total, more.ungrouped, more.next)
        }
        return all
    }

    private static func groups(_ reader: inout ReplyReader) throws(RedisError) -> DeadGroups {
        let now = try reader.integer()
        let total = try reader.integer()
        var page = DeadGroups(now: now, total: total, ungrouped: max(0, total - (try reader.integer())))
        let isEnd = try reader.integer() == 1
        while !reader.isAtEnd {
            let group = DeadGroup(try reader.string())
            let count = try reader.integer()
            let (first, last) = (DeadMember(try reader.string()), DeadMember(try reader.string()))
            // Whatever somebody wrote there.
            guard let group, let first, let last else { continue }
            page.groups.append(
                DeadGroupView(
                    group: group, count: count, firstMs: first.diedMs, lastMs: last.diedMs, sampleID: last.id))
        }
        page.next = isEnd ? nil : page.groups.last?.group
        return page
    }

    private func addSamples(_ page: inout DeadGroups) async throws(StoreError) {
        if page.groups.isEmpty { return }
        let views = try await inspect(page.groups.map(\.sampleID), full: false).jobs
        let errors = try await newestErrors(of: views)
        for index in page.groups.indices { page.groups[index].sample = errors[page.groups[index].sampleID] }
    }
}

/// A member of the index of groups: `email.send/0123456789ab/000001763700000/01JD…`.
struct DeadMember {
    var text: String
    var group: DeadGroup
    var diedMs: Int
    var id: String

    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 4, let group = DeadGroup("\(parts[0])/\(parts[1])"), let diedMs = Int(parts[2]) else {
            return nil
        }
        (self.text, self.group, self.diedMs, id) = (text, group, diedMs, String(parts[3]))
    }
}

/// A part of the index of groups, as bounds of `ZRANGE BYLEX`.
struct DeadRange: Equatable, Sendable {
    var low: String
    var high: String

    static let all = DeadRange(low: "-", high: "+")

    init(low: String, high: String) { (self.low, self.high) = (low, high) }

    /// All groups of a name. `0` is what comes behind `/`.
    init(name: String) { self.init(low: "[\(name)/", high: "(\(name)0") }

    /// Those of a group that died in a span of time.
    init(_ group: DeadGroup, from: Int?, before: Int?) {
        low = from.map { "[\(group)/\(Self.digits($0))" } ?? "[\(group)/"
        high = before.map { "(\(group)/\(Self.digits($0))" } ?? "(\(group)0"
    }

    /// 15 of them.
    private static func digits(_ ms: Int) -> String {
        let text = String(min(max(0, ms), 999_999_999_999_999))
        return String(repeating: "0", count: 15 - text.count) + text
    }

    /// What is left of it behind a member.
    func behind(_ member: String?, backward: Bool) -> DeadRange {
        guard let member else { return self }
        return backward ? DeadRange(low: low, high: "(\(member)") : DeadRange(low: "(\(member)", high: high)
    }
}
