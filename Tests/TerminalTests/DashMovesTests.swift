import JobModel
import Testing

@testable import JobStore
@testable import TerminalDashboard

/// Where one is in a list or a text, what is frozen, and what is said while Redis is away.
@Suite(.timeLimit(.minutes(1))) struct DashMovesTests {
    private func press(_ text: String, _ state: inout DashState) { for key in text { press(.text(key), &state) } }
    private func press(_ key: TerminalDashboard.Key, _ state: inout DashState) { _ = state.reduce(.key(key)) }

    private func report(_ count: Int) -> DashEvent {
        .loaded(.report(Samples.report(Samples.queues(count), workers: [])), nowMs: now, pingMs: 1)
    }

    @Test func `a page is what fits on the screen, and the ends are the ends`() {
        var state = DashState(.queues, .empty, size: Extent(80, 24))
        _ = state.reduce(report(100))
        let page = Places(state).body.count - 2
        press(.pageDown, &state)
        #expect(state.focus[.queues]?.row == page && page == 17)
        press(.pageDown, &state)
        press(.pageUp, &state)
        #expect(state.focus[.queues]?.row == page)
        press(.pageUp, &state)
        press(.pageUp, &state)
        #expect(state.focus[.queues]?.row == 0)
        press("G", &state)
        #expect(state.current?.queue == "queue-99")
        press(.pageDown, &state)
        #expect(state.focus[.queues]?.row == 99)
        _ = state.reduce(report(40))
        #expect(state.focus[.queues]?.row == 39 && state.current?.queue == "queue-39", "fewer are left")
    }

    @Test func `the last rows fill the screen at the end of a list, whatever the size becomes`() {
        var state = DashState(.queues, .empty, size: Extent(80, 24))
        _ = state.reduce(report(100))
        press("G", &state)
        for height in [24, 60, 9, 100, 12] {
            _ = state.reduce(.resized(Extent(80, height)))
            let shown = state.layout().rows.compactMap(\.self)
            #expect(shown.last == 99 && shown.count == Places(state).body.count - 1, "\(height)")
        }
    }

    @Test func `a text scrolls to its last line and no further, and less of it on a larger screen`() {
        var state = DashState(.help, .data, size: Extent(80, 24))
        press("G", &state)
        let lines = state.text.count
        #expect(state.focus[.help]?.row == lines - Places(state).body.count)
        #expect(state.layout().lines[Places(state).body.upperBound - 1].contains("quotes hold blanks together"))
        press("k", &state)
        #expect(!state.layout().lines.contains { $0.contains("quotes hold") })
        _ = state.reduce(.resized(Extent(80, 100)))
        #expect(state.focus[.help]?.row == 0 && state.layout().lines.contains { $0.contains("quotes hold") })
    }

    @Test func `m brings more of a list until there is a limit, and nothing where all are there`() throws {
        var state = DashState(.jobs, .many, size: Extent(80, 24))
        var limits: [Int] = []
        for _ in 0..<4 {
            #expect(state.reduce(.key(.text("m"))) == [.refresh])
            limits.append(state.jobLimit)
        }
        #expect(limits == [2000, 8000, 10_000, 10_000] && state.notice != nil)
        press("]", &state)
        #expect(state.jobLimit == DashState.firstLimit)
        var group = DashState(Samples.group, .data, size: Extent(80, 24))
        #expect(group.reduce(.key(.text("m"))) == [] && group.jobLimit == DashState.firstLimit)
    }

    @Test func `f freezes the picture, says so, and lets it go on`() {
        var state = DashState(.queues, .data, size: Extent(80, 24))
        press("f", &state)
        #expect(state.isFrozen && state.layout().lines[0].contains("frozen"))
        press("f", &state)
        #expect(!state.isFrozen && state.layout().lines[0].contains("live"))
    }

    @Test func `the banner counts from the first failure and goes with the first answer`() {
        var state = DashState(.queues, .data, size: Extent(120, 24))
        for second in [0, 2, 4] { _ = state.reduce(.failed("connection refused", nowMs: now + second * 1000)) }
        _ = state.reduce(.tick(nowMs: now + 9000))
        #expect(state.layout().lines.contains { $0.hasPrefix("! redis away for 9s, asked again every 2s") })
        press("f", &state)
        #expect(state.layout().lines.contains { $0.hasPrefix("! redis away for 9s, frozen") })
        _ = state.reduce(report(3))
        #expect(state.trouble == nil && !state.layout().lines.contains { $0.contains("away") })
    }

    @Test func `the column that a list is sorted by stays so when columns come or go`() {
        var state = DashState(.queues, .data, size: Extent(120, 24))
        press("ssssssss", &state)
        let column = state.orders[.queues]?.column
        #expect(column == "DEAD")
        press("w", &state)
        #expect(state.orders[.queues]?.column == column && state.layout().lines.contains { $0.contains("DEAD▼") })
        _ = state.reduce(.resized(Extent(20, 24)))
        #expect(state.listing.keys.first?.queue == "default")
    }

    @Test func `marks are for the list that they were made in`() {
        var state = DashState(.workers, .data, size: Extent(80, 24))
        press(" ", &state)
        #expect(state.marks.count == 1)
        press("k ", &state)
        #expect(state.marks.isEmpty, "a second time unmarks")
        press("A", &state)
        #expect(state.marks.count == 2 && state.layout().lines.last?.contains("2 marked") == true)
        press("3", &state)
        #expect(state.marks.isEmpty)
    }

    @Test func `Esc while a filter is typed shows everything again`() {
        var state = DashState(.queues, .data, size: Extent(80, 24))
        press("/mail", &state)
        #expect(state.listing.keys.map(\.queue) == ["mail"])
        press(.escape, &state)
        #expect(state.prompt == nil && state.filterText.isEmpty && state.listing.keys.count == 4)
    }

    @Test func `an answer that comes late, for another job than the one on the screen, is not shown`() throws {
        var state = DashState(.job(Samples.job), .data, size: Extent(80, 24))
        let seen = try #require(state.detail)
        let other = JobRef(queue: "mail", id: "other")
        _ = state.reduce(.loaded(.job(other, nil), nowMs: now, pingMs: 1))
        #expect(!state.isGone)
        _ = state.reduce(.loaded(.job(other, Samples.detail(seen.row, other)), nowMs: now, pingMs: 1))
        #expect(state.detail == seen)
        _ = state.reduce(.loaded(.job(Samples.job, nil), nowMs: now, pingMs: 1))
        #expect(state.isGone && state.detail == seen)
    }
}
