import ArgumentParser
import Foundation
import JobModel
import JobQueueClient
import JobStore
import TerminalDashboard

struct DeadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead", abstract: "Look at dead jobs, repair them, give them another life, keep or delete them.",
        subcommands: [List.self, Groups.self, Show.self, Requeue.self, Delete.self, Export.self, Import.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "List dead jobs, the latest first.",
            discussion: """
                With --group, --name or --error: group by group, in each the latest first. With --tag at most 2,000 jobs are looked
                at; the page then says how to go on.
                """)

        @OptionGroup var redis: RedisOptions
        @OptionGroup var target: QueueOption
        @OptionGroup var choice: DeadChoice

        @Option(parsing: .unconditional, help: "Rows, 1 to \(QueueStore.pageLimit).")
        var limit = 20

        @Option(parsing: .unconditional, help: "Go on behind the page that ended with this word.")
        var after: String?

        @OptionGroup var form: ListForm

        func run() async throws {
            let name = try target.name()
            guard (1...QueueStore.pageLimit).contains(limit) else {
                throw Failure(.usage, "bad --limit \(limit): use 1 to \(QueueStore.pageLimit)")
            }
            let place = after.flatMap { ListPlace(cursor: $0) }
            if let after, place == nil {
                throw Failure(.usage, "bad --after \(BadValue.quoted(after)): use what the page before it ended with")
            }
            _ = try choice.filter(now: 0)
            try await redis.withQueueToRead { queue in
                let store = queue.store.queue(name)
                let search = try await store.searchDead(try choice.filter(now: try await queue.store.time()))
                let page = try await search.page(from: place, backward: true, limit: limit)
                if page.jobs.isEmpty { _ = try await InfoReader(store: queue.store).report(onKnown: [name]) }
                try show(page, name)
            }
        }

        private func show(_ page: JobPage, _ name: QueueName) throws {
            let sheets = page.jobs.map { DeadSheet($0, queue: name) }
            if form.json { return try Output.json(DeadListing(items: sheets, page)) }
            let lines = DeadPage(sheets, now: page.now).lines(width: Terminal.width, plain: form.plain)
            for line in lines { try Output.print(line) }
            guard let next = page.next else { return }
            Output.error("there are more dead jobs: --limit, or go on with --after \(next.cursor)")
        }
    }

    struct Groups: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "groups", abstract: "What dead jobs died of: how many of each name and error, and since when.")

        @OptionGroup var redis: RedisOptions
        @OptionGroup var target: QueueOption

        @Option(help: "Only jobs of this name.")
        var name: String?

        @OptionGroup var form: ListForm

        func run() async throws {
            let queueName = try target.name()
            if let name {
                do throws(NameError) { try Names.checkName(name, "job name") } catch {
                    throw Failure(.usage, "\(error)")
                }
            }
            try await redis.withQueueToRead { queue in
                let groups = try await queue.store.queue(queueName).allDeadGroups(name: name)
                if groups.total == 0 { _ = try await InfoReader(store: queue.store).report(onKnown: [queueName]) }
                let page = DeadGroupsPage(groups)
                if form.json { return try Output.json(page.report) }
                for line in page.lines(width: Terminal.width, plain: form.plain) { try Output.print(line) }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show one dead job whole, by its id, or the last of a group to die.")

        @OptionGroup var redis: RedisOptions
        @OptionGroup var target: QueueOption

        @Argument(help: "The job's id.")
        var id: String?

        @Option(help: "Instead: a group, as dead groups shows it.")
        var group: String?

        @OptionGroup var form: ListForm

        func run() async throws {
            let name = try target.name()
            guard (id == nil) != (group == nil) else { throw Failure(.usage, "give an id, or --group") }
            if let id {
                do throws(NameError) { try Names.checkID(id) } catch { throw Failure(.usage, "\(error)") }
            }
            let choice = try DeadChoice.parse(group.map { ["--group", $0] } ?? [])
            let filter = try choice.filter(now: 0)
            try await redis.withQueueToRead { queue in
                let store = queue.store.queue(name)
                var wanted = id
                if wanted == nil {
                    wanted = try await store.searchDead(filter).page(backward: true, limit: 1).jobs.first?.id
                    guard wanted != nil else {
                        throw Failure(
                            .notFound, "there is no dead job of the group \(group ?? "") in the queue \(name)")
                    }
                }
                let (now, views) = try await store.inspect([wanted ?? ""], full: true)
                guard views[0].state == .dead else {
                    throw Failure(.notFound, "there is no dead job \(views[0].id) in the queue \(name)")
                }
                let sheet = DeadSheet(views[0], queue: name)
                if form.json { return try Output.json(sheet) }
                for line in sheet.lines(now: now, plain: form.plain) { try Output.print(line) }
            }
        }
    }
}

/// How a list is written.
struct ListForm: ParsableArguments {
    @Flag(help: "One JSON document.")
    var json = false

    @Flag(help: "Columns with a tab between them, and nothing cut.")
    var plain = false

    func validate() throws {
        if json, plain { throw Failure(.usage, "give --json or --plain, not both") }
    }
}
