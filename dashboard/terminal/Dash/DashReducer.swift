import JobModel
import JobStore

/// What the dashboard does: what happened in, the next state and what is to be done out. Nothing here waits, reads or writes.
extension DashState {
    package mutating func reduce(_ event: DashEvent) -> [DashEffect] {
        let effects = follow(event)
        busy += effects.count { if case .perform = $0 { true } else { false } }
        settle()
        return effects
    }

    private mutating func follow(_ event: DashEvent) -> [DashEffect] {
        switch event {
        case .key(let key):
            if key == .control("c") { return [.quit] }
            if key == .control("z") { return [.suspend] }
            if key == .control("l") { return [.redraw] }
            notice = nil
            return prompt == nil ? press(key) : answer(key)
        case .resized(let size): self.size = size
        case .loaded(let load, let nowMs, let pingMs):
            (self.nowMs, self.pingMs, trouble) = (nowMs, pingMs, nil)
            take(load)
        case .failed(let text, let nowMs):
            self.nowMs = nowMs
            trouble = Trouble(text: text, sinceMs: trouble?.sinceMs ?? nowMs)
        case .tick(let nowMs): self.nowMs = nowMs
        case .noted(let text): notice = Notice(text: text)
        case .done(let text, let isError):
            busy = max(0, busy - 1)
            notice = Notice(text: text, isError: isError)
            return [.refresh]
        case .logged(let line): log = (log + [line]).suffix(Self.logLimit)
        case .edited(let ref, let payload):
            let state = detail?.row.ref == ref ? detail?.row.state : screen == .jobs ? jobState : .dead
            let words =
                state?.isFinal == true ? "requeue \(ref.id) with this payload?" : "store this payload for \(ref.id)?"
            prompt = .sure(words, .replace(ref, payload: payload))
        }
        return []
    }

    private mutating func take(_ load: DashLoad) {
        switch load {
        case .report(let report): take(report)
        case .jobs(let rows, let report):
            take(report)
            if rows.state == jobState { jobs = rows }
        case .dead(let rows, let report):
            take(report)
            dead = rows
            groups = DeadGroup.all(of: rows)
        case .job(let ref, let detail):
            guard case .job(ref) = screen else { return }
            if let detail { self.detail = detail }
            isGone = detail == nil
        case .redis(let server, let report):
            self.server = server
            take(report)
        }
    }

    private mutating func take(_ report: InfoReport) {
        flow = Flow(report) ?? flow
        self.report = report
    }

    /// Keeps the focus on what it was on while rows come and go, and inside the list.
    private mutating func settle() {
        var focus = self.focus[screen] ?? Focus()
        let keys = listing.keys
        let count = keys.isEmpty ? scrollable : keys.count
        if let key = focus.key, let row = keys.firstIndex(of: key) { focus.row = row }
        focus.row = max(0, min(focus.row, count - 1))
        focus.key = keys.isEmpty ? nil : keys[focus.row]
        self.focus[screen] = focus
    }

    /// How far a text can be scrolled, and one more.
    private var scrollable: Int { max(1, text.count - Places(self).body.count + 1) }

    // MARK: Moving

    mutating func move(_ rows: Int) { jump(to: (focus[screen]?.row ?? 0) + rows) }

    mutating func jump(to row: Int) { focus[screen] = Focus(row: max(0, row)) }

    /// To a screen that a number leads to.
    mutating func show(_ tab: Screen) -> [DashEffect] {
        stack = [tab]
        marks = []
        return [.refresh]
    }

    mutating func push(_ screen: Screen) -> [DashEffect] {
        guard self.screen != screen else { return [] }
        stack.append(screen)
        marks = []
        if case .job = screen { (detail, isGone) = (nil, false) }
        focus[screen] = nil
        return [.refresh]
    }

    /// Back to where one came from; from the top out of the program.
    mutating func back() -> [DashEffect] {
        guard stack.count > 1 else {
            if busy == 0 { return [.quit] }
            notice = Notice(text: "something is being changed: wait for it, or leave with Ctrl-C", isError: true)
            return []
        }
        // It was made on the way in.
        if screen == .jobs || screen.kind == Screen.group(JobRef(queue: "", id: "")) { filterText = "" }
        stack.removeLast()
        marks = []
        return [.refresh]
    }

    // MARK: Prompts

    /// A key while a question stands there.
    private mutating func answer(_ key: Key) -> [DashEffect] {
        guard let prompt else { return [] }
        if key == .escape {
            if case .filter = prompt { filterText = "" }
            self.prompt = nil
            return []
        }
        if case .sure(_, let action) = prompt {
            self.prompt = nil
            return key == .text("y") ? [.perform(action)] : []
        }
        if key == .enter { return finish(prompt) }
        var text = prompt.text
        switch key {
        case .text(let character): text.append(character)
        case .paste(let pasted): text += pasted
        case .backspace: if !text.isEmpty { text.removeLast() }
        case .control("u"): text = ""
        default: return []
        }
        self.prompt = prompt.with(String(text.prefix(200)))
        if case .filter(let text) = self.prompt { return narrow(text) }
        return []
    }

    /// The filter holds while it is typed.
    private mutating func narrow(_ text: String) -> [DashEffect] {
        let before = request
        filterText = text
        if screen == .jobs, let word = filter.only(.state), let state = JobState(rawValue: word), state != jobState {
            (jobState, jobs) = (state, nil)
        }
        return request == before ? [] : [.refresh]
    }

    private mutating func finish(_ prompt: Prompt) -> [DashEffect] {
        self.prompt = nil
        switch prompt {
        case .filter, .sure: return []
        case .command(let text): return command(text)
        case .reason(let queue, let reason): return [.perform(.pause(queue: queue, reason: reason))]
        case .typed(_, let word, let action, let text):
            if text == word { return [.perform(action)] }
            notice = Notice(text: "nothing was done: that was not \(word)", isError: true)
            return []
        }
    }

    /// What was typed behind `:`.
    private mutating func command(_ text: String) -> [DashEffect] {
        let words = text.split(separator: " ").map(String.init)
        let rest = words.dropFirst().joined(separator: " ")
        switch words.first {
        case nil: return []
        case "q", "quit": return [.quit]
        case "help": return push(.help)
        case "log": return push(.log)
        case "queue" where !rest.isEmpty:
            stack = [.jobs]
            return narrow("queue:\(rest)") + [.refresh]
        case "job" where words.count == 3: return push(.job(JobRef(queue: words[1], id: words[2])))
        case let word?:
            guard let tab = Screen.tabs.first(where: { $0.title.lowercased() == word }) else {
                notice = Notice(
                    text:
                        "there is no command \(word): overview, queues, jobs, workers, dead, redis, queue NAME, job QUEUE ID, help, log, q",
                    isError: true)
                return []
            }
            let effects = show(tab)
            return rest.isEmpty ? effects : narrow(rest) + effects
        }
    }
}

extension Prompt {
    /// What was typed so far.
    var text: String {
        switch self {
        case .filter(let text), .command(let text), .reason(_, let text), .typed(_, _, _, let text): text
        case .sure: ""
        }
    }

    func with(_ text: String) -> Prompt {
        switch self {
        case .filter: .filter(text)
        case .command: .command(text)
        case .reason(let queue, _): .reason(queue: queue, text)
        case .sure: self
        case .typed(let question, let word, let action, _): .typed(question, word: word, action, text)
        }
    }

    /// What stands before what is typed.
    var question: String {
        switch self {
        case .filter: "/"
        case .command: ":"
        case .reason(let queue, _): "pause \(queue)? why, or nothing: "
        case .sure(let question, _): "\(question) y/N "
        case .typed(let question, let word, _, _): "\(question) type \(word): "
        }
    }
}
