import JobModel
import Testing

@testable import TerminalDashboard

/// Numbers as people read them.
@Suite(.timeLimit(.minutes(1))) struct QuantityTests {
    @Test(arguments: [
        (0, "0"), (999, "999"), (1000, "1,000"), (1204, "1,204"), (9999, "9,999"), (10_000, "10.0k"), (81_234, "81.2k"),
        (99_999, "99.9k"), (123_456, "123k"), (999_999, "999k"), (3_100_000, "3.1M"), (2_000_000_000, "2.0G"),
    ])
    func `a count has at most five letters`(number: Int, text: String) { #expect(Quantity.count(number) == text) }

    @Test(arguments: [(0, "0 jobs"), (1, "1 job"), (2, "2 jobs"), (12_345, "12345 jobs")])
    func `a noun has the number that it should`(number: Int, text: String) {
        #expect(Quantity.of(number, "job") == text)
    }

    @Test(arguments: [
        (0, "0B"), (1023, "1023B"), (1024, "1.0K"), (14_890_000, "14.2M"), (1 << 30, "1.0G"), (200 << 30, "200G"),
    ])
    func `bytes are in units of 1,024`(number: Int, text: String) { #expect(Quantity.bytes(number) == text) }

    @Test(arguments: [
        (-5, "0ms"), (0, "0ms"), (999, "999ms"), (1000, "1s"), (59_999, "59s"), (60_000, "1m"), (3_599_999, "59m"),
        (11_040_000, "3h 4m"), (86_399_999, "23h 59m"), (273_600_000, "3d 4h"),
    ])
    func `a time is in its two largest units`(ms: Int, text: String) { #expect(Quantity.time(ms: ms) == text) }

    @Test func `a moment is in UTC`() { #expect(Quantity.utc(ms: now) == "2026-11-21 04:12:09Z") }
}

/// How many jobs a block stands for.
@Suite(.timeLimit(.minutes(1))) struct BarScaleTests {
    private let blocks = PageStyle()
    private let ascii = PageStyle(hasUnicode: false)

    @Test(arguments: [(0, 1), (20, 1), (21, 2), (1000, 50), (1001, 50), (50_000, 2500)])
    func `the deepest queue fills the bar`(deepest: Int, perBlock: Int) {
        let scale = BarScale(deepest: deepest)
        #expect(scale.perBlock(20) == perBlock)
        #expect(scale.bar(deepest, width: 20, style: blocks).count <= 20)
        #expect(scale.bar(deepest, width: 20, style: ascii).count <= 20)
    }

    @Test func `a bar has eighths, and any number shows`() {
        let scale = BarScale(deepest: 100)
        #expect(scale.bar(0, width: 10, style: blocks) == "")
        #expect(scale.bar(1, width: 10, style: blocks) == "▏")
        #expect(scale.bar(55, width: 10, style: blocks) == "█████▌")
        #expect(scale.bar(100, width: 10, style: blocks) == "██████████")
        #expect(scale.bar(1, width: 10, style: ascii) == "#")
        #expect(scale.bar(55, width: 10, style: ascii) == "#####")
    }
}

/// Columns of text.
@Suite(.timeLimit(.minutes(1))) struct TableTests {
    private func table(_ rows: [[String]], width: Int) -> [String] {
        var table = Table<[String]>(columns: [
            .init("NAME", .left, keep: 0) { $0[0] }, .init("N", keep: 1) { $0[1] },
            .init("NOTE", .left, keep: 2) { $0[2] },
        ])
        table.fit(rows, into: width)
        return [table.heading] + rows.map(table.line)
    }

    private let rows = [["a", "1", "first"], ["report.yearly.summary", "1000", ""]]

    @Test func `names stand left, numbers right, and no line ends in blanks of its own making`() {
        #expect(
            table(rows, width: 80) == [
                "NAME                      N  NOTE", "a                         1  first",
                "report.yearly.summary  1000  ",
            ])
    }

    @Test func `what does not fit goes, the least important first`() {
        #expect(table(rows, width: 34)[0].hasSuffix("NOTE"))
        #expect(table(rows, width: 33)[0] == "NAME                      N")
        #expect(table(rows, width: 26)[0] == "NAME                 ".trimmingBlanks())
    }

    @Test func `a first column that is too wide is cut in its middle`() {
        #expect(table(rows, width: 15)[2] == "report.…summary")
        #expect(table(rows, width: 14)[2] == "report.…ummary")
        #expect(table(rows, width: 1)[2] == "re…y", "but not to nothing")
    }
}

extension String {
    fileprivate func trimmingBlanks() -> String { String(reversed().drop { $0 == " " }.reversed()) }
}
