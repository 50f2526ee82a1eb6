import ArgumentParser
import JobModel
import Testing

@testable import JobQueueCLI
@testable import JobStore

/// The pages of `jobs ls`.
@Suite(.timeLimit(.minutes(1))) struct JobListingTests {
    private func listing(
        _ state: JobState, name: String = "email.send", tags: [String] = ["vip"], next: ListPlace? = nil
    ) -> JobListing {
        var envelope = Envelope(name: name, payload: [UInt8(ascii: "1")])
        envelope.createdMs = now - 90_000
        envelope.tags = tags
        var view = JobView(id: "j1")
        view.state = state
        view.isFull = true
        view.envelope = envelope.encoded()[...]
        view.score = Double((now + 38_000) * 10 + 5)
        var page = JobPage(now: now, jobs: [view])
        (page.searched, page.total, page.next) = (2000, 12_000, next)
        return JobListing([JobSheet(view, queue: .default)], page, state)
    }

    @Test func `a row for each job, with its time where it waits for one`() {
        #expect(
            listing(.queued).lines(width: nil) == [
                "ID  NAME        PRIO  FAILED  AGE  TAGS", "j1  email.send     5       0   1m  vip",
            ])
        #expect(
            listing(.queued, tags: []).lines(width: nil) == [
                "ID  NAME        PRIO  FAILED  AGE", "j1  email.send     5       0   1m",
            ])
        #expect(listing(.scheduled).lines(width: nil)[1].hasPrefix("j1  email.send     5       0   1m     38s"))
        #expect(listing(.scheduled).lines(width: 30).allSatisfy { $0.count <= 30 })
    }

    @Test func `hostile names and tags move no cursor`() {
        let lines = listing(.queued, name: hostile, tags: [hostile]).lines(width: nil)
        #expect(lines.allSatisfy { isHarmless($0) }, "\(lines)")
    }

    @Test func `a page that is not the last says how to go on, and its word leads back to the place`() throws {
        let place = try #require(ListPlace(score: "2814749767106561", id: "01J:x.y_z-1"))
        let page = listing(.queued, next: place)
        #expect(page.footer == "looked at 2000 of 12000 queued jobs: go on with --after \(place.cursor)")
        #expect(ListPlace(cursor: place.cursor) == place)
        let start = try #require(ListPlace(score: "9000000000000001", id: ""))
        #expect(ListPlace(cursor: start.cursor) == start, "where those begin that are kept for ever")
        #expect(place.cursor.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) })
        let text = try Output.encode(page)
        for field in [#""next_cursor" : "\#(place.cursor)""#, #""searched" : 2000"#, #""complete" : false"#] {
            #expect(text.contains(field), "\(text)")
        }
        #expect(listing(.queued).footer == nil)
    }

    @Test(arguments: ["", "x", "!!!!", "AAAA", "bm8gcGxhY2U", "\u{1B}[2J"])
    func `a place that nobody was given is wrong usage`(word: String) throws {
        let choice = try JobsCommand.List.parse(["--after", word]).choice
        let failure = #expect(throws: Failure.self) { try choice.checked(now: 0) }
        #expect(failure?.code == .usage && failure.map { isHarmless($0.message) } == true)
    }

    @Test(arguments: [
        ["--state", "sleeping"], ["--limit", "0"], ["--limit", "501"], ["--order", "up"], ["--tag", "a b"],
        ["--name", ""], ["--after", "x"],
    ])
    func `a choice that cannot be met is wrong usage`(words: [String]) throws {
        let failure = #expect(throws: Failure.self) { try JobsCommand.List.parse(words).choice.checked(now: 0) }
        #expect(failure?.code == .usage)
    }

    @Test func `nothing found is said, and whether that is all`() {
        var page = JobPage(now: now)
        #expect(JobListing([], page, .dead).lines(width: nil) == ["no dead jobs"])
        page.next = ListPlace(score: "1", id: "a")
        #expect(JobListing([], page, .dead).lines(width: nil) == ["no dead jobs among these"])
    }
}
