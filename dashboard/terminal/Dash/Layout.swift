import JobModel
import JobStore

/// Which row of the screen is for what. nil where the screen is too low for it.
struct Places {
    var header: Int?
    var tabs: Int?
    var rules: [Int] = []
    var body: Range<Int>
    var footer: Int?

    init(_ state: DashState) {
        let height = state.size.height
        switch height {
        case ..<3: body = 0..<height
        case 3: (body, footer) = (0..<2, 2)
        case 4...5: (tabs, body, footer) = (0, 1..<height - 1, height - 1)
        case 6...11: (header, tabs, body, footer) = (0, 1, 2..<height - 1, height - 1)
        default: (header, tabs, rules, body, footer) = (0, 1, [2, height - 2], 3..<height - 2, height - 1)
        }
    }
}

extension DashState {
    /// The screen as it is to be shown: for every size from 1×1, and for any state.
    package func layout() -> Frame {
        var frame = Frame(size, ascii: look.isASCII)
        let places = Places(self)
        var body = places.body
        if trouble != nil {
            banner(&frame, body.lowerBound)
            body = min(body.lowerBound + 1, body.upperBound)..<body.upperBound
        }
        draw(&frame, body)
        if trouble != nil { for y in body { frame.restyle(y) { $0.isDim = true } } }
        if let y = places.header { Header(state: self).draw(&frame, y) }
        if let y = places.tabs { TabStrip(self).draw(&frame, y) }
        for y in places.rules {
            frame.put(String(repeating: look.isASCII ? "-" : "─", count: size.width), 0, y, .dim)
        }
        if let y = places.footer ?? (prompt == nil ? nil : size.height - 1) { Footer(state: self).draw(&frame, y) }
        return frame
    }

    private func draw(_ frame: inout Frame, _ rows: Range<Int>) {
        guard !rows.isEmpty else { return }
        switch screen {
        case .overview: OverviewPage(state: self).draw(&frame, rows)
        case .jobs:
            guard rows.count > 3 else { return draw(listing, &frame, rows) }
            StateStrip(state: self).draw(&frame, rows.lowerBound)
            draw(listing, &frame, rows.lowerBound + 1..<rows.upperBound)
        case .group(let key):
            guard rows.count > 3 else { return draw(listing, &frame, rows) }
            let group = groups.first { $0.key == key }
            let sample = group.map { Span("  " + $0.sample, Style(.red)) } ?? Span("")
            frame.put([Span(group?.name ?? key.id, .bold), sample], 2, rows.lowerBound)
            draw(listing, &frame, rows.lowerBound + 1..<rows.upperBound)
        case .queues, .workers, .dead: draw(listing, &frame, rows)
        case .redis, .job, .help, .log: draw(text, &frame, rows)
        }
    }

    /// A list, with the row in focus.
    func draw(_ listing: Listing, _ frame: inout Frame, _ rows: Range<Int>) {
        ListingPage(listing: listing, focus: focus[screen]?.row ?? 0, marks: marks, isASCII: look.isASCII)
            .draw(into: &frame, rows)
    }

    private func draw(_ text: [Line], _ frame: inout Frame, _ rows: Range<Int>) {
        let top = max(0, min(focus[screen]?.row ?? 0, text.count - rows.count))
        for (y, line) in zip(rows, text.dropFirst(top)) { frame.put(line, size.width < 30 ? 0 : 1, y) }
    }

    /// What is scrolled where there is no list.
    var text: [Line] {
        switch screen {
        case .redis: RedisPage(state: self).lines
        case .job(let ref): JobPage(state: self, ref: ref).lines
        case .help: HelpPage.lines(width: size.width)
        case .log: log.isEmpty ? [[Span("nothing was logged yet", .dim)]] : log.map { [Span($0)] }
        case .overview, .queues, .jobs, .workers, .dead, .group: []
        }
    }

    private func banner(_ frame: inout Frame, _ y: Int) {
        guard let trouble else { return }
        let since = Quantity.time(ms: max(1000, nowMs - trouble.sinceMs))
        let next = isFrozen ? "frozen" : "asked again every \(Quantity.time(ms: intervalMs))"
        frame.put("! redis away for \(since), \(next): \(trouble.text)", 0, y, Style(.red, bold: true))
        frame.restyle(y) { $0 = Style(.red, bold: true, reversed: true) }
    }
}

/// The first row: which Redis, how it answers, how often it is asked, and what may be done.
struct Header {
    let state: DashState

    func draw(_ frame: inout Frame, _ y: Int) {
        let width = state.size.width
        let ping = state.pingMs.map { $0 < 10 ? "\(Double(Int($0 * 10)) / 10) ms" : "\(Int($0)) ms" } ?? ""
        let dot = state.look.isASCII ? "*" : "●"
        let pulse: Span =
            state.trouble != nil
            ? Span("\(dot) away", Style(.red, bold: true))
            : state.isFrozen
                ? Span("\(state.look.isASCII ? "=" : "■") frozen", Style(.yellow, bold: true))
                : Span("\(dot) live", Style(.green))
        let time = state.report.map { Quantity.utc(ms: $0.takenAtMs).suffix(9) } ?? ""
        let mode = state.look.isReadOnly ? Span("read-only", Style(.yellow)) : Span("read-write", .dim)
        let right: Line = [mode, Span("   \(time) ")]
        let left: Line = [
            Span(" queue-worker", .bold), Span("  "), pulse, Span("  \(Quantity.time(ms: state.intervalMs))  ", .dim),
        ]
        let used = frame.put(left, 0, y)
        let rightWidth = right.reduce(0) { $0 + Width.of($1.text) }
        let end = width - rightWidth >= used ? width - rightWidth : width
        if end < width { frame.put(right, end, y) }
        let room = end - used - 2
        if room > 8 {
            let address = Cut.middle(state.look.address, to: room - Width.of(ping) - 2, ellipsis: state.look.ellipsis)
            frame.put([Span(address), Span("  \(ping)", .dim)], used, y, limit: room)
        }
    }
}

/// The second row: the views, with the numbers that lead to them.
struct TabStrip {
    private let state: DashState
    private let dead: Int
    private let cells: [(screen: Screen, x: Int, text: String)]

    init(_ state: DashState) {
        self.state = state
        let dead = state.report?.queues.reduce(0) { $0 + $1.dead } ?? 0
        self.dead = dead
        func texts(_ isShort: Bool) -> [(Screen, String)] {
            Screen.tabs.enumerated().map { index, screen in
                let count = screen == .dead && dead > 0 ? " \(Quantity.count(dead))" : ""
                let isHere = screen == state.tab
                return (screen, isShort && !isHere ? " \(index + 1) " : " \(index + 1) \(screen.title)\(count) ")
            }
        }
        let whole = texts(false)
        let fits = whole.reduce(0) { $0 + $1.1.count } <= state.size.width
        var x = 0
        cells = (fits ? whole : texts(true)).map { screen, text in
            defer { x += text.count }
            return (screen, x, text)
        }
    }

    func screen(at x: Int) -> Screen? { cells.first { ($0.x..<$0.x + $0.text.count).contains(x) }?.screen }

    func draw(_ frame: inout Frame, _ y: Int) {
        var end = 0
        for cell in cells {
            let isHere = cell.screen == state.tab
            let colour: Colour = cell.screen == .dead && dead > 0 ? .red : .plain
            frame.put(cell.text, cell.x, y, Style(isHere ? .plain : colour, bold: isHere, reversed: isHere))
            end = cell.x + cell.text.count
        }
        let trail = state.stack.dropFirst().map { screen in
            screen == .jobs ? "Jobs" : Cut.middle(screen.title, to: 20, ellipsis: state.look.ellipsis)
        }
        let filter = state.filterText.isEmpty ? "" : " /\(state.filterText)"
        let arrow = state.look.isASCII ? " > " : " › "
        let path = (trail.isEmpty ? "" : arrow) + trail.joined(separator: arrow)
        let room = state.size.width - end
        guard room > 4, !(path + filter).isEmpty else { return }
        frame.put(
            [Span(Cut.end(path, to: room), .bold), Span(filter, Style(.magenta, bold: true))], end, y, limit: room)
    }
}

/// The states of the list of jobs, each with its number.
struct StateStrip {
    let state: DashState

    func draw(_ frame: inout Frame, _ y: Int) {
        var x = 2
        for job in JobState.allCases {
            let count = state.report.map { $0.queues.reduce(0) { $0 + $1.count(job) } } ?? 0
            let isHere = job == state.jobState
            if !isHere, count == 0 { continue }
            let text = "\(job.rawValue) \(Quantity.count(count))"
            let style = Style(
                isHere ? .plain : Self.colour(of: job), bold: isHere, dim: !isHere && count == 0, reversed: isHere)
            x += frame.put(isHere ? " \(text) " : text, x, y, style) + 2
        }
        frame.put("[ ]", max(x, state.size.width - 4), y, .dim)
    }

    static func colour(of state: JobState) -> Colour {
        switch state {
        case .running, .succeeded: .green
        case .retrying, .suspect: .yellow
        case .dead: .red
        case .queued: .blue
        case .scheduled: .cyan
        case .blocked, .cancelled: .plain
        }
    }
}

/// The last row: a question, what became of an action, or the keys that matter here.
struct Footer {
    let state: DashState

    func draw(_ frame: inout Frame, _ y: Int) {
        let width = state.size.width
        if let prompt = state.prompt {
            let question = prompt.question
            // What is typed last is what is seen.
            let room = max(1, width - Width.of(question) - 1)
            let text = String(Glyph.all(in: prompt.text).suffix(room).map(\.text).joined())
            frame.put(String(repeating: " ", count: width), 0, y)
            let used = frame.put([Span(question, Style(.magenta, bold: true)), Span(text)], 0, y)
            frame.put(" ", used, y, Style(reversed: true))
        } else if let notice = state.notice {
            frame.put(notice.text, 1, y, notice.isError ? Style(.red, bold: true) : Style(.green, bold: true))
        } else if state.busy > 0 {
            frame.put("being done…", 1, y, Style(.magenta, bold: true))
        } else {
            hints(&frame, y)
        }
    }

    private func hints(_ frame: inout Frame, _ y: Int) {
        var x = 1
        for (key, word) in HelpPage.hints(for: state) {
            guard x + Width.of(key) + word.count + 1 <= state.size.width else { return }
            x += frame.put([Span(key, .bold), Span(" \(word)", .dim)], x, y) + 2
        }
    }
}
