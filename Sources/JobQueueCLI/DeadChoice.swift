import ArgumentParser
import Foundation
import JobModel
import JobStore

/// Which dead jobs are meant, by what they have in common.
struct DeadChoice: ParsableArguments {
    @Option(help: "Only this group, as dead groups shows it.")
    var group: String?

    @Option(help: "Only jobs of this name.")
    var name: String?

    @Option(
        parsing: .unconditional,
        help: "Only what died of this: a fingerprint, or a text in the last error of a group.")
    var error: String?

    @Option(help: "Only jobs with this tag.")
    var tag: String?

    @Option(
        parsing: .unconditional, help: "Died at this moment or later: so long ago (2h), ISO 8601, or ms since 1970.")
    var since: String?

    @Option(parsing: .unconditional, help: "Died before this moment, written likewise.")
    var until: String?

    /// `now` in ms since 1970.
    func filter(now: Int) throws(Failure) -> DeadFilter {
        for (text, what) in [(name, "job name"), (tag, "tag")] {
            guard let text else { continue }
            do throws(NameError) { try Names.checkName(text, what) } catch { throw Failure(.usage, "\(error)") }
        }
        var filter = DeadFilter()
        filter.jobs = JobFilter(name: name, tag: tag)
        filter.error = error
        if let group {
            filter.group = DeadGroup(group)
            // The half of it that matters, for those who copy that.
            if filter.group == nil, Fingerprint.isOne(group), error == nil { filter.error = group }
            guard filter.group != nil || filter.error == group else {
                throw Failure(
                    .usage, "bad --group \(BadValue.quoted(group)): use one that dead groups shows, NAME/FINGERPRINT")
            }
        }
        if error?.isEmpty == true { throw Failure(.usage, "bad --error \"\": write a text, or a fingerprint") }
        filter.diedFrom = try since.map { text throws(Failure) in try Moment.parse(text, "--since", now) }
        filter.diedBefore = try until.map { text throws(Failure) in try Moment.parse(text, "--until", now) }
        return filter
    }

    var isOpen: Bool { [group, name, error, tag, since, until].allSatisfy { $0 == nil } }
}

/// A moment as an option has it.
enum Moment {
    /// ms since 1970: so long before `now`, ISO 8601, or ms since 1970.
    static func parse(_ text: String, _ option: String, _ now: Int) throws(Failure) -> Int {
        // A bare number is ms since 1970 and nothing else: one of seconds would be a span of decades, and mean all jobs.
        if let ms = Int(text) {
            if moments.contains(ms) { return ms }
        } else if let span = try? TimeSpan(parsing: text) {
            return max(0, now - span.duration.milliseconds)
        } else if let moment = try? EnqueueCommand.moment(text) {
            return moment
        }
        throw Failure(
            .usage,
            "bad \(option) \(BadValue.quoted(text)): use a time ago such as 2h, 2026-11-21T18:00:00Z, or ms since 1970")
    }

    /// From 1973 on, as far as a job can be due.
    private static let moments = 100_000_000_000...Due.latest
}

/// Dead jobs that are to be changed: some by their ids, those of a choice, or all.
struct DeadTarget: ParsableArguments {
    @Argument(help: "Ids of the jobs.")
    var ids: [String] = []

    @OptionGroup var choice: DeadChoice

    @Flag(help: "All dead jobs of the queue.")
    var all = false

    @Flag(help: "Only say how many there are.")
    var dryRun = false

    @Flag(help: "Do not ask.")
    var yes = false

    @Flag(help: "One JSON document.")
    var json = false

    /// The ids, each once; nil where a choice says which.
    func checked() throws(Failure) -> [String]? {
        guard [!ids.isEmpty, !choice.isOpen, all].count(where: { $0 }) == 1 else {
            throw Failure(.usage, "name the jobs, or choose by --group, --name, --error, --tag or time, or give --all")
        }
        var seen: Set<String> = []
        for id in ids {
            do throws(NameError) { try Names.checkID(id) } catch { throw Failure(.usage, "\(error)") }
        }
        return ids.isEmpty ? nil : ids.filter { seen.insert($0).inserted }
    }
}
