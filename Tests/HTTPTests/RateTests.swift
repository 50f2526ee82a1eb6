import HTTPTypes
import Testing

@testable import JobQueueHTTP

@Suite struct RateTests {
    @Test func `a minute's requests may come at once, and the next has to wait for its place`() {
        var table = RateTable()
        for left in [2, 1, 0] {
            let answer = table.take("a", limit: 3, now: .zero)
            #expect(answer.wait == nil && answer.left == left)
        }
        let refused = table.take("a", limit: 3, now: .zero)
        #expect(refused.wait == .seconds(20) && refused.left == 0 && refused.full == .seconds(60))
        #expect(table.take("a", limit: 3, now: .milliseconds(19_999)).wait == .milliseconds(1))
        #expect(table.take("a", limit: 3, now: .seconds(20)).wait == nil)
        #expect(table.take("a", limit: 3, now: .seconds(20)).wait == .seconds(20))
    }

    @Test func `a refused request costs nothing, and nobody saves up more than a minute`() {
        var table = RateTable()
        for _ in 0..<1000 { _ = table.take("a", limit: 2, now: .zero) }
        #expect(table.take("a", limit: 2, now: .seconds(30)).wait == nil)
        for left in [1, 0] { #expect(table.take("a", limit: 2, now: .seconds(86_400)).left == left) }
        #expect(table.take("a", limit: 2, now: .seconds(86_400)).wait != nil)
    }

    @Test func `a minute of steady asking grants the limit, once more than the burst`() {
        var table = RateTable()
        var granted = 0
        for ms in 0..<60_000 where table.take("a", limit: 600, now: .milliseconds(ms)).wait == nil { granted += 1 }
        // The burst at the start, and what came in during the minute.
        #expect((1199...1200).contains(granted))
    }

    @Test func `tokens do not share`() {
        var table = RateTable()
        _ = table.take("a", limit: 1, now: .zero)
        #expect(table.take("a", limit: 1, now: .zero).wait != nil)
        #expect(table.take("b", limit: 1, now: .zero).wait == nil)
    }

    @Test func `tokens that owe nothing are forgotten when there are many`() {
        var table = RateTable(roomy: 10)
        for number in 0..<100 { _ = table.take("\(number)", limit: 60, now: .seconds(number * 2)) }
        #expect(table.count <= 10)
        // Who owes is not: else asking under many names would pay off the debts of one.
        for _ in 0..<60 { _ = table.take("greedy", limit: 60, now: .seconds(1000)) }
        for number in 0..<100 { _ = table.take("x\(number)", limit: 60, now: .seconds(1000 + number % 2)) }
        #expect(table.take("greedy", limit: 60, now: .seconds(1001)).left == 0)
        #expect(table.take("greedy", limit: 60, now: .seconds(1001)).wait != nil)
    }

    @Test func `the headers are those of the draft`() throws {
        var table = RateTable()
        let answer = table.take("a", limit: 600, now: .zero)
        #expect(answer.headers[.rateLimitPolicy] == #""default";q=600;w=60"#)
        #expect(answer.headers[.rateLimit] == #""default";r=599;t=1"#)
        for _ in 0..<599 { _ = table.take("a", limit: 600, now: .zero) }
        let refused = table.take("a", limit: 600, now: .zero)
        let problem = try #require(throws: Problem.self) { try refused.check() }
        #expect(problem.kind == .quotaExceeded && problem.kind.status.code == 429)
        #expect(problem.headers[.retryAfter] == "1")
        #expect(problem.headers[.rateLimit] == #""default";r=0;t=60"#)
    }

    @Test(arguments: [1, 2, 7, 59, 61, 600_000, 1_000_000_000])
    func `any limit gives its number at once`(limit: Int) {
        var table = RateTable()
        let number = min(limit, 70)
        for index in 0..<number {
            let answer = table.take("a", limit: limit, now: .seconds(5))
            #expect(answer.wait == nil && answer.left == limit - 1 - index)
        }
        if number == limit { #expect(table.take("a", limit: limit, now: .seconds(5)).wait != nil) }
    }
}
