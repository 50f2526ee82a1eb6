import JobModel

/// What the keys do.
enum HelpPage {
    /// What is too long for a row goes on below.
    static func lines(width: Int) -> [Line] {
        let room = max(30, width - keyWidth - 2)
        return entries.flatMap { keys, text -> [Line] in
            if text.isEmpty { return [[Span(keys, .bold)]] }
            return fold(text, room).enumerated().map { row, text in
                let keys = row == 0 ? "  " + keys : ""
                return [
                    Span(keys + String(repeating: " ", count: max(1, keyWidth - Width.of(keys))), Style(.cyan)),
                    Span(text),
                ]
            }
        }
    }

    private static let keyWidth = 28

    private static func fold(_ text: String, _ room: Int) -> [String] {
        var rows: [String] = []
        for word in text.split(separator: " ") {
            if let last = rows.last, last.count + 1 + word.count <= room {
                rows[rows.count - 1] = last + " " + word
            } else {
                rows.append(String(word))
            }
        }
        return rows
    }

    private static let entries: [(keys: String, text: String)] =
        [
            title("LOOK"),
            key("1 … 6, Tab, ← →", "the views"),
            key("↑ ↓ k j, g G, PgUp PgDn", "move; the wheel too, a click goes to a row or opens it"),
            key("Enter", "open: a queue's jobs, a job, a group of dead jobs"),
            key("Esc, q", "back; q at the top ends, Ctrl-C always does"),
            key("/", "filter; Esc clears it"),
            key("[ ]", "jobs of another state"),
            key("m", "more jobs, where not all are read"),
            key("s  S", "sort by the next column, turn the order round"),
            key("w", "more columns, and nothing shortened"),
            key("+  -", "look more often, less often"),
            key("f", "freeze the picture"),
            key("r", "look now"),
            key("y", "copy the id"),
            key("L", "what was logged and changed"),
            key(":", "overview, queues, jobs FILTER, queue NAME, job QUEUE ID, workers, dead, redis, log, q"),
            key("Ctrl-Z, Ctrl-L", "to the shell, draw anew"),
            title(""),
            title("CHANGE"),
            key("Space  A", "mark the row, mark all shown; the keys below are then for all of them"),
            key("p", "pause a queue, or let it go on"),
            key("R", "requeue dead and cancelled jobs; run now what waits for its time"),
            key("K", "cancel"),
            key("D", "delete jobs; of a queue all that are queued"),
            key("E", "edit the payload in $EDITOR, then requeue what has ended"),
            key("Q R K", "of a worker: claim nothing more, claim again, end in order"),
            title(""),
            title("FILTER"),
            key("mail", "rows with mail in any column"),
            key("name: queue: state: tag:", "in that column"),
            key("error: id: worker:", "in that column"),
            key("!word  !name:word", "rows without it"),
            key("error:\"no route\"", "quotes hold blanks together"),
        ]

    private static func title(_ text: String) -> (String, String) { (text, "") }
    private static func key(_ keys: String, _ text: String) -> (String, String) { (keys, text) }

    /// Keys that matter most on the screen, the most important first.
    static func hints(for state: DashState) -> [(key: String, word: String)] {
        let arrows = state.look.isASCII ? "jk" : "↑↓"
        let enter = state.look.isASCII ? "Enter" : "⏎"
        let changes: [(String, String)]
        switch state.screen {
        case .overview, .queues: changes = [(enter, "jobs"), ("p", "pause"), ("D", "purge")]
        case .jobs:
            changes = [
                (enter, "open"), ("[ ]", "state"), ("R", "requeue"), ("K", "cancel"), ("D", "delete"), ("E", "edit"),
                ("Space", "mark"),
            ]
        case .dead: changes = [(enter, "open"), ("R", "requeue"), ("D", "delete"), ("Space", "mark")]
        case .group: changes = [(enter, "open"), ("R", "requeue"), ("E", "edit"), ("D", "delete"), ("Space", "mark")]
        case .job: changes = [("R", "requeue"), ("E", "edit"), ("K", "cancel"), ("D", "delete"), ("y", "copy id")]
        case .workers:
            changes = [(enter, "jobs"), ("Q", "quiet"), ("R", "resume"), ("K", "stop"), ("Space", "mark")]
        case .redis, .help, .log: changes = []
        }
        let looks = changes.filter { key, _ in
            !state.look.isReadOnly || key != "Space" && !(key.count == 1 && DashState.changes.contains(Character(key)))
        }
        let marked = state.marks.isEmpty ? [] : [("\(state.marks.count)", "marked")]
        return marked + [(arrows, "move")] + looks
            + [
                ("/", "filter"), ("f", "freeze"), ("L", "log"), ("?", "help"),
                ("q", state.stack.count > 1 ? "back" : "quit"),
            ]
    }
}
