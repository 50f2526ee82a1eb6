import JobModel

/// One job: what it is, what happened to it, how each run ended, and what it carries.
struct JobPage {
    let state: DashState
    let ref: JobRef

    private var width: Int { max(20, state.size.width - 2) }
    private var isASCII: Bool { state.look.isASCII }

    var lines: [Line] {
        guard let detail = state.detail, detail.row.ref == ref else {
            let text = state.isGone ? "there is no job \(ref.id) in \(ref.queue) any more" : "reading…"
            return [[Span(text, .dim)]]
        }
        let gone: [Line] =
            state.isGone ? [[Span("gone by now: this is what was seen last", Style(.yellow, bold: true))], []] : []
        return gone + head(detail) + timeline(detail) + attempts(detail) + text("PAYLOAD", detail.payload)
            + text("RESULT", detail.result) + facts(detail)
    }

    private func head(_ detail: JobDetail) -> [Line] {
        let row = detail.row
        var line: Line = [
            Span(row.name ?? "(what is stored cannot be read)", .bold), Span("  "),
            Span(
                row.state.rawValue + (row.isAsked ? ", asked to stop" : ""),
                Style(StateStrip.colour(of: row.state), bold: true)),
            Span("  in "), Span(row.ref.queue, .bold),
            Span("  attempt \(row.attempts) of \(row.maxAttempts) failed  priority \(row.priority)", .dim),
        ]
        for tag in row.tags { line.append(Span("  #\(tag)", Style(.magenta))) }
        var lines: [Line] = [line, [Span(row.ref.id, Style(.cyan))]]
        if let explanation = detail.explanation {
            lines.append([Span("why: ", .bold), Span(explanation, Style(.yellow))])
        }
        return lines + [[]]
    }

    // MARK: Timeline

    private func timeline(_ detail: JobDetail) -> [Line] {
        let row = detail.row
        var steps: [(text: String, ms: Int?, style: Style)] = []
        if row.createdMs > 0 { steps.append(("created", row.createdMs, .plain)) }
        if detail.runsForgotten > 0 { steps.append(("\(detail.runsForgotten) forgotten runs", nil, .dim)) }
        for run in detail.runs {
            if let started = run.startedMs { steps.append(("started", started, .plain)) }
            guard let ended = run.endedMs else { continue }
            let isFine = run.outcome == "succeeded"
            steps.append((run.outcome, ended, isFine ? Style(.green, bold: true) : Style(.red)))
        }
        switch row.state {
        case .scheduled, .retrying, .suspect: if let due = row.dueMs { steps.append(("due", due, Style(.yellow))) }
        case .running: steps.append(("runs", nil, Style(.green, bold: true)))
        case .queued: steps.append(("queued", nil, Style(.blue, bold: true)))
        case .dead: steps.append(("dead", nil, Style(.red, bold: true)))
        case .cancelled: steps.append(("cancelled", nil, .bold))
        case .succeeded, .blocked: break
        }
        if let forget = detail.forgetAtMs { steps.append(("forgotten", forget, .dim)) }
        return [[Span("TIMELINE", .bold)]] + wrapped(steps, detail.nowMs) + [[]]
    }

    /// Steps with arrows between them, on as many rows as they need.
    private func wrapped(_ steps: [(text: String, ms: Int?, style: Style)], _ now: Int) -> [Line] {
        var lines: [Line] = []
        var line: Line = [Span("  ")]
        var used = 2
        var before: Int?
        for (index, step) in steps.enumerated() {
            let when = step.ms.map { " " + moment($0, now, before) } ?? ""
            before = step.ms ?? before
            let arrow = index == 0 ? "" : isASCII ? " -> " : " → "
            let length = Width.of(arrow + step.text + when)
            if used + length > width, used > 2 {
                lines.append(line)
                (line, used) = ([Span("  ")], 2)
            }
            line += [Span(arrow, .dim), Span(step.text, step.style), Span(when, .dim)]
            used += length
        }
        return lines + [line]
    }

    /// The time of day for the first step, then what went by; what is to come is `in …`.
    private func moment(_ ms: Int, _ now: Int, _ before: Int?) -> String {
        if ms > now { return "in \(Quantity.time(ms: ms &- now))" }
        guard let before else { return Quantity.utc(ms: ms) }
        return "+\(Quantity.time(ms: ms &- before))"
    }

    // MARK: Attempts

    private func attempts(_ detail: JobDetail) -> [Line] {
        guard !detail.runs.isEmpty else { return [] }
        typealias Run = JobDetail.Run
        var table = Table<Run>(
            ellipsis: state.look.ellipsis,
            columns: [
                .init("RUN", keep: 0) { "\($0.number)" },
                .init("TRY", keep: 4) { "\($0.attempt)" },
                .init("STARTED", .left, keep: 5) { ($0.startedMs ?? $0.endedMs).map { Quantity.utc(ms: $0) } ?? "-" },
                .init("TOOK", keep: 2) { run in
                    run.startedMs.map { Quantity.time(ms: (run.endedMs ?? detail.nowMs) &- $0) } ?? "-"
                },
                .init("WORKER", .left, keep: 6) { Printable.oneLine($0.worker, limit: 40) },
                .init("OUTCOME", .left, keep: 1) { Printable.oneLine($0.outcome, limit: 20) },
            ])
        table.fit(detail.runs, into: width)
        var lines: [Line] = [[Span(table.heading, .bold)]]
        for run in detail.runs {
            lines.append([Span(table.line(run), run.outcome == "succeeded" ? Style(.green) : .plain)])
            for part in run.error.split(whereSeparator: \.isNewline).prefix(12) {
                lines.append([Span("    | ", .dim), Span(String(part), Style(.red))])
            }
            if let next = run.next, next != "done" { lines.append([Span("    \(isASCII ? "->" : "→") \(next)", .dim)]) }
        }
        return lines + [[]]
    }

    // MARK: Texts

    private func text(_ title: String, _ json: String?) -> [Line] {
        guard let json else { return [] }
        let pretty = PrettyJSON.lines(json, most: 2000).flatMap { fold($0) }
        return [[Span(title, .bold)]] + pretty.map { [Span("  "), Span($0)] } + [[]]
    }

    private func facts(_ detail: JobDetail) -> [Line] {
        detail.facts.map { fact in
            [Span(fact.label + String(repeating: " ", count: max(1, 14 - fact.label.count)), .dim), Span(fact.value)]
        }
    }

    /// A line on as many rows as it needs, up to 20.
    private func fold(_ text: String) -> [String] {
        let glyphs = Glyph.all(in: text, most: 20 * width)
        let room = width - 4
        guard glyphs.count * 2 > room else { return [text] }
        var rows: [String] = []
        var row = ""
        var used = 0
        for glyph in glyphs {
            if used + glyph.width > room {
                rows.append(row)
                (row, used) = ("", 0)
                if rows.count == 20 { return rows + ["…"] }
            }
            row += glyph.text
            used += glyph.width
        }
        return rows + [row]
    }
}

/// JSON with a line for each member. Numbers and strings stay as they were sent, digit by digit.
package enum PrettyJSON {
    /// At most `most` lines. What is no JSON stays as it is.
    package static func lines(_ text: String, most: Int) -> [String] {
        let isJSON = (try? JSONScanner.validate(Array(text.utf8))) != nil
        guard isJSON else { return text.split(whereSeparator: \.isNewline).prefix(most).map(String.init) }
        var writer = Writer(most: most)
        for character in text.unicodeScalars where writer.lines.count < most { writer.take(character) }
        return writer.lines.count == most ? writer.lines + ["…"] : writer.lines + [writer.line]
    }

    /// The same JSON without the blanks between its signs.
    package static func compact(_ text: String) -> String {
        lines(text, most: .max).map { line in String(line.drop { $0 == " " }) }.joined()
    }

    private struct Writer {
        let most: Int
        var lines: [String] = []
        var line = ""
        private var depth = 0
        private var isInString = false
        private var isEscaped = false
        /// The last sign opened something that may turn out to be empty.
        private var hasJustOpened = false

        init(most: Int) { self.most = most }

        mutating func take(_ scalar: Unicode.Scalar) {
            if isInString {
                line.unicodeScalars.append(scalar)
                isInString = isEscaped || scalar != "\""
                isEscaped = !isEscaped && scalar == "\\"
                return
            }
            if " \t\r\n".unicodeScalars.contains(scalar) { return }
            if scalar == "}" || scalar == "]" {
                depth -= 1
                if !hasJustOpened { end() }
            } else if hasJustOpened {
                end()
            }
            hasJustOpened = scalar == "{" || scalar == "["
            line.unicodeScalars.append(scalar)
            switch scalar {
            case "{", "[": depth += 1
            case ",": end()
            case ":": line += " "
            case "\"": isInString = true
            default: break
            }
        }

        private mutating func end() {
            lines.append(line)
            line = String(repeating: "  ", count: min(20, max(0, depth)))
        }
    }
}
