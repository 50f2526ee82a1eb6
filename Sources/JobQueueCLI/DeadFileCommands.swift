import ArgumentParser
import Foundation
import JobModel
import JobQueueClient
import JobStore
import TerminalDashboard

extension DeadCommand {
    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "export",
            abstract: "Write dead jobs to standard output, byte for byte, one line of JSON each.",
            discussion: "They stay where they are. dead import brings them back after they were deleted.")

        @OptionGroup var redis: RedisOptions
        @OptionGroup var queue: QueueOption

        @Argument(help: "Ids of the jobs. (default: all, or those of the choice)")
        var ids: [String] = []

        @OptionGroup var choice: DeadChoice

        func run() async throws {
            let name = try queue.name()
            _ = try choice.filter(now: 0)
            guard ids.isEmpty || choice.isOpen else { throw Failure(.usage, "name the jobs, or choose them, not both") }
            for id in ids {
                do throws(NameError) { try Names.checkID(id) } catch { throw Failure(.usage, "\(error)") }
            }
            try await redis.withQueueToRead { queue in
                let store = queue.store.queue(name)
                let stop = StopSign()
                stop.listen()
                let count =
                    ids.isEmpty
                    ? try await choose(store, try choice.filter(now: try await queue.store.time()), stop)
                    : try await write(try await store.inspectAll(ids), store)
                if Output.isUnread {
                    throw Failure(.cannotWrite, "the reader of standard output went away: the export is not complete")
                }
                Output.error("exported \(Quantity.of(count, "job"))\(stop.isSet ? ", and stopped there" : "")")
                if stop.isSet { throw Failure(.interrupted, "the export is not complete") }
                if count < ids.count {
                    throw Failure(.notFound, "\(ids.count - count) of \(ids.count) jobs are not dead")
                }
            }
        }

        private func choose(_ store: QueueStore, _ filter: DeadFilter, _ stop: StopSign) async throws -> Int {
            let search = try await store.searchDead(filter)
            var progress = ProgressLine(
                total: try await search.count(), isShown: isatty(STDERR_FILENO) == 1 && isatty(STDOUT_FILENO) != 1)
            var count = 0
            var place: ListPlace?
            repeat {
                let page = try await search.page(from: place, limit: QueueStore.pageLimit)
                count += try await write(page.jobs, store)
                place = page.next
                progress.show(count)
            } while place != nil && !stop.isSet
            progress.end()
            return count
        }

        private func write(_ views: [JobView], _ store: QueueStore) async throws -> Int {
            var count = 0
            for first in stride(from: 0, to: views.count, by: QueueStore.copyLimit) {
                let slice = Array(views[first..<min(first + QueueStore.copyLimit, views.count)])
                let lines = try await store.copies(of: slice).map { DeadLine(queue: store.name.text, $0).text }
                if !lines.isEmpty { try Output.print(lines.joined(separator: "\n")) }
                count += lines.count
            }
            return count
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "import",
            abstract: "Bring back dead jobs that were exported. Those that are there stay as they are.",
            discussion: """
                Every line is checked before the first job is stored. Stopped in the middle, the same command goes on there.
                """)

        @OptionGroup var redis: RedisOptions

        @Argument(help: "What export wrote; - is standard input.")
        var file: String

        @Option(name: [.short, .long], help: "Into this queue. (default: where they were)")
        var queue: String?

        @Flag(help: "Only check the lines, and say how many there are.")
        var dryRun = false

        @Flag(help: "One JSON document.")
        var json = false

        func run() async throws {
            let into = try queue.map { text throws(Failure) in try QueueName.all([text])[0] }
            let file = try DeadFile(reading: self.file)
            let total = try file.check(oneQueue: into == nil)
            if dryRun {
                if json { return try Output.json(BulkReport(matched: total, dryRun: true)) }
                return try Output.print("\(Quantity.of(total, "job"))")
            }
            guard let name = try into ?? file.queue else { return try Output.print("imported 0 jobs") }
            try await redis.withQueue { queue in
                try await queue.store.register(name)
                let report = try await bring(file, total, queue.store.queue(name))
                if json { try Output.json(report) } else { try tell(report) }
                if report.interrupted {
                    throw Failure(
                        .interrupted,
                        "stopped behind \(report.matched) of \(total) jobs: the same command again goes on there")
                }
            }
        }

        private func tell(_ report: BulkReport) throws {
            let there = report.left.isEmpty ? "" : ", \(report.left.count) were there already"
            try Output.print("imported \(Quantity.of(report.done, "job"))\(there)")
        }

        private func bring(_ file: DeadFile, _ total: Int, _ store: QueueStore) async throws -> BulkReport {
            let stop = StopSign()
            stop.listen()
            var progress = ProgressLine(total: total)
            defer { progress.end() }
            var report = BulkReport()
            var slice: [DeadCopy] = []
            var size = 0
            func send() async throws {
                for (copy, answer) in zip(slice, try await store.restore(slice)) {
                    report.matched += 1
                    if answer == .ok {
                        report.done += 1
                    } else {
                        report.left.append(.init(id: copy.id, reason: "there already"))
                    }
                }
                (slice, size) = ([], 0)
                progress.show(report.matched)
            }
            for line in file.lines {
                let copy = try file.parse(line).copy
                if slice.count == QueueStore.copyLimit
                    || !slice.isEmpty && size + copy.byteCount > QueueStore.batchBytes
                {
                    try await send()
                    report.interrupted = stop.isSet
                    if stop.isSet { return report }
                }
                slice.append(copy)
                size += copy.byteCount
            }
            if !slice.isEmpty { try await send() }
            return report
        }
    }
}

/// The lines of an export.
struct DeadFile {
    struct Line {
        /// From 1.
        var number: Int
        var bytes: ArraySlice<UInt8>
    }

    private(set) var lines: [Line] = []

    init(reading path: String) throws(Failure) {
        let handle = path == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: path)
        guard let handle, let data = try? handle.readToEnd() ?? Data() else {
            throw Failure(.badInput, "cannot read \(Printable.oneLine(path)): check the path and its rights")
        }
        self.init(Array(data))
    }

    init(_ bytes: [UInt8]) {
        let parts = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() where !part.allSatisfy({ $0 <= 0x20 }) {
            lines.append(Line(number: index + 1, bytes: part))
        }
    }

    func parse(_ line: Line) throws(Failure) -> DeadLine {
        do throws(DeadLine.Refusal) { return try DeadLine(parsing: line.bytes) } catch {
            throw Failure(.badInput, "line \(line.number): \(error); nothing was imported")
        }
    }

    /// The queue of the first job; nil where there is none.
    var queue: QueueName? {
        get throws(Failure) {
            try lines.first.map { line throws(Failure) in try parse(line).queue }.flatMap { try? QueueName($0) }
        }
    }

    /// Reads every line. Answers how many jobs there are.
    func check(oneQueue: Bool) throws(Failure) -> Int {
        let first = try queue
        for line in lines {
            let queue = try parse(line).queue
            guard !oneQueue || queue == first?.text else {
                throw Failure(
                    .badInput,
                    "line \(line.number): of the queue \(queue), those before of \(first?.text ?? ""): say where to with --queue"
                )
            }
        }
        return lines.count
    }
}
