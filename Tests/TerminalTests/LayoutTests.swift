import JobModel
import Testing

@testable import JobStore
@testable import TerminalDashboard

/// The layout is total: no size and no text can break it.
@Suite(.timeLimit(.minutes(2))) struct LayoutTests {
    /// All small sizes, where things run out of room, and some of the others.
    private static let sizes: [Extent] = {
        var sizes = [Extent(300, 100), Extent(300, 1), Extent(1, 100)]
        for width in 1...9 { sizes += (1...13).map { height in Extent(width, height) } }
        for width in stride(from: 17, through: 300, by: 71) {
            sizes += stride(from: 2, through: 100, by: 19).map { height in Extent(width, height) }
        }
        return sizes
    }()

    @Test(arguments: Samples.screens, [Sample.data, .empty, .wide, .away])
    func `every view has a frame at every size, and no character beyond it`(screen: Screen, sample: Sample) {
        var state = DashState(screen, sample, size: Extent(80, 24))
        for (index, size) in Self.sizes.enumerated() {
            _ = state.reduce(.resized(size))
            state.prompt = index.isMultiple(of: 3) ? .filter("画像 state:dead") : nil
            let frame = state.layout()
            #expect(frame.size == size && frame.cells.count == size.width * size.height)
            let isWhole = (0..<size.height).allSatisfy { y in
                frame.cells[y * size.width..<(y + 1) * size.width].reduce(0) { $0 + $1.glyph.width } == size.width
            }
            #expect(isWhole, "\(screen) \(size)")
        }
    }

    @Test func `a row in focus stays on the screen, wherever it is in ten thousand`() throws {
        var state = DashState(.jobs, .many, size: Extent(80, 24))
        for row in [0, 1, 11, 4999, 9990, 9999] {
            state.jump(to: row)
            _ = state.reduce(.tick(nowMs: now))
            let frame = state.layout()
            let y = try #require(frame.rows.firstIndex(of: row), "row \(row)")
            #expect(frame[0, y].style.isReversed)
            #expect((0..<24).count { frame[0, $0].style.isReversed } == 1)
        }
    }

    @Test func `what is chosen is not told by colour alone`() {
        let frame = DashState(.jobs, .data, size: Extent(100, 30)).layout()
        #expect(frame.lines.contains { $0.contains("running") })
        #expect(frame.cells.contains { $0.style.isReversed })
    }

    @Test func `what waits in Postgres stands on the first page, and so does that it cannot be asked`() {
        var state = DashState(.overview, .data, size: Extent(80, 30))
        #expect(!state.layout().lines.contains { $0.contains("outbox") })
        state.report?.outbox = .init(rows: 1204, oldestMs: 3000, rejected: 2)
        #expect(
            state.layout().lines.contains { $0.contains("outbox  1,204 rows wait, the oldest for 3s · 2 rejected") })
        state.report?.outbox = .init(rows: 0, oldestMs: nil, rejected: 0)
        #expect(!state.layout().lines.contains { $0.contains("outbox") }, "nothing is no news")
        state.report?.outbox = .init(error: "Postgres is not reachable")
        #expect(state.layout().lines.contains { $0.contains("! outbox  Postgres is not reachable") })
    }

    @Test func `the banner says why Redis is away, and the last data stay`() {
        let lines = DashState(.queues, .away, size: Extent(120, 24)).layout().lines
        #expect(lines.contains { $0.hasPrefix("! redis away for 6s") && $0.contains("connection refused") })
        #expect(lines.contains { $0.contains("default") })
    }
}

/// What comes from Redis may have been written by anybody.
@Suite(.timeLimit(.minutes(2))) struct HostileTests {
    /// Fifty and more: every control character, and what is known to move cursors, turn the writing round or break lines.
    static let texts: [String] =
        (stride(from: 0, to: 0x20, by: 1).map { "a\(UnicodeScalar(UInt8($0)))b" })
        + (stride(from: 0x7F, to: 0xA0, by: 4).map { "c\(UnicodeScalar(UInt8($0)))d" })
        + [
            "\u{1B}[2J\u{1B}[H", "\u{1B}]0;title\u{7}", "\u{1B}]52;c;ZXZpbA==\u{7}", "\u{1B}P1;1|\u{1B}\\", "\u{9B}31m",
            "\r\nforged line", "\u{202E}drawkcab", "\u{2066}x\u{2069}", "\u{200B}\u{200D}\u{FEFF}", "\u{2028}\u{2029}",
            "👨‍👩‍👧‍👦 🇩🇪 ❤️ 👍🏽", "e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}", "\u{301}", "ｗｉｄｅ 漢字", "\u{E000}\u{10FFFF}",
            "\u{1160}\u{11A8}", String(repeating: "x", count: 20_000), String(repeating: "字", count: 2000), "",
            "\u{E0041}\u{E007F}", "\u{0}\u{0}", "%s%n%x", "\\u{1b}[31m", "مرحبا שלום",
        ]

    @Test(arguments: Samples.screens)
    func `no text of a stranger brings a control character into a frame`(screen: Screen) throws {
        #expect(Self.texts.count >= 50)
        for text in Self.texts {
            var state = DashState(screen, .data, size: Extent(90, 30))
            state.poison(with: text)
            let frame = state.layout()
            let glyphs = Set(frame.cells.map(\.glyph.text))
            #expect(
                glyphs.allSatisfy { $0.unicodeScalars.allSatisfy { Width.of($0) != nil } }, "\(text.debugDescription)")
            var renderer = Renderer(hasColour: false)
            let screenText = Emulator.screen(size: frame.size, renderer.draw(frame))
            #expect(screenText == frame.lines, "\(text.debugDescription)")
        }
    }
}

extension DashState {
    /// Puts a text wherever one can come from Redis, or from somebody who types.
    fileprivate mutating func poison(with text: String) {
        for index in report?.queues.indices ?? 0..<0 { report?.queues[index].name = text }
        for index in report?.workers.indices ?? 0..<0 {
            report?.workers[index].id = text
            report?.workers[index].queues = [text]
            report?.workers[index].names = [text]
            report?.workers[index].version = text
            for run in report?.workers[index].runs.indices ?? 0..<0 {
                report?.workers[index].runs[run].id = text
                report?.workers[index].runs[run].name = text
            }
        }
        report?.attention = [.init(queue: text, code: "x", message: text)]
        report?.outbox = .init(error: text)
        let row = Self.row(of: text)
        jobs?.rows = [row]
        dead?.rows = [row]
        groups = DeadGroup.all(of: JobRows(state: .dead, rows: [row], total: 1, nowMs: now))
        if case .group = screen, let key = groups.first?.key { stack = [.dead, .group(key)] }
        detail?.row.name = text
        detail?.row.tags = [text]
        detail?.payload = text
        detail?.result = text
        detail?.explanation = text
        detail?.facts = [.init(text, text)]
        detail?.runs[0].error = text
        detail?.runs[0].worker = text
        detail?.runs[0].outcome = text
        server?.version = text
        server?.role = text
        server?.evictionPolicy = text
        log = [text]
        look.address = text
        trouble = Trouble(text: text, sinceMs: now)
        notice = Notice(text: text)
        filterText = ""
    }

    private static func row(of text: String) -> JobRow {
        var row = JobRow(ref: JobRef(queue: text, id: text), state: .dead)
        (row.name, row.tags, row.reason, row.errorType, row.errorMessage) = (text, [text], text, text, text)
        row.worker = text
        return row
    }
}
