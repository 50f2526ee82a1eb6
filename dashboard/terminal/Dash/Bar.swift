import JobModel

/// A bar of parts, each of which is a number of something. Any number above zero shows.
struct Bar {
    /// What fills the bar.
    let full: Int
    let width: Int
    let isASCII: Bool

    private static let marks: [Character] = ["█", "▓", "▒", "░"]
    private static let plain: [Character] = ["#", "=", "-", "."]
    private static let styles = [Style(.blue), Style(.green), Style(.yellow), Style(.cyan)]

    private var symbols: [Character] { isASCII ? Self.plain : Self.marks }

    /// Says what the parts of a backlog are, where there is room for that.
    var legend: Line {
        let words = ["queued", "run", "retry", "sched"]
        let parts = zip(symbols, words).map { "\($0) \($1)  " }
        guard width >= parts.joined().count else { return [Span("BACKLOG", .bold)] }
        return zip(parts, Self.styles).flatMap { part, style in
            [Span(String(part.prefix(1)), style), Span(String(part.dropFirst()), .dim)]
        }
    }

    func line(_ parts: [(count: Int, part: Int)]) -> Line {
        var room = width
        var line: Line = []
        for (count, part) in parts where count > 0 && room > 0 {
            let share = Double(count) / Double(max(1, full)) * Double(width)
            let columns = min(room, max(1, Int(share.rounded())))
            line.append(Span(String(repeating: symbols[part], count: columns), Self.styles[part]))
            room -= columns
        }
        if room > 0 { line.append(Span(String(repeating: " ", count: room))) }
        return line
    }

    /// How much of something is in use.
    func gauge(_ used: Int) -> Line {
        let columns = used <= 0 ? 0 : min(width, max(1, width * used / max(1, full)))
        let style = used >= full ? Style(.yellow) : Style(.green)
        return [
            Span(String(repeating: symbols[0], count: columns), style),
            Span(String(repeating: symbols[3], count: width - columns), .dim),
        ]
    }
}
