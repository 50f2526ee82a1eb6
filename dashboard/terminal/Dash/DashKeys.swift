import JobModel
import JobStore

// What the keys do where no question is asked. Lower case looks, or can be taken back; upper case changes things.

extension DashState {
    mutating func press(_ key: Key) -> [DashEffect] {
        switch key {
        case .text(let character): return character.isASCII ? press(character) : []
        case .enter: return open()
        case .escape:
            if !marks.isEmpty {
                marks = []
                return []
            }
            guard filterText.isEmpty || stack.count > 1 else {
                filterText = ""
                return [.refresh]
            }
            // Esc never ends the program: it is pressed once too often too easily.
            return stack.count > 1 ? back() : []
        case .tab, .right: return next(1)
        case .backTab, .left: return next(-1)
        case .up: move(-1)
        case .down: move(1)
        case .pageUp, .control("b"), .control("u"): move(-page)
        case .pageDown, .control("f"), .control("d"): move(page)
        case .home: jump(to: 0)
        case .end: jump(to: .max)
        case .wheel(let rows): move(rows)
        case .click(let x, let y): return click(x, y)
        case .function(1): return push(.help)
        default: break
        }
        return []
    }

    /// Those that are refused where nothing may be changed.
    static let changes: Set<Character> = ["p", "R", "K", "D", "E", "Q"]

    private var page: Int { max(1, Places(self).body.count - 2) }

    private mutating func press(_ character: Character) -> [DashEffect] {
        switch character {
        case "1"..."6": return show(Screen.tabs[(character.wholeNumberValue ?? 1) - 1])
        case "q": return back()
        case "?": return push(.help)
        case "L": return push(.log)
        case "j": move(1)
        case "k": move(-1)
        case "g": jump(to: 0)
        case "G": jump(to: .max)
        case "/": if !listing.columns.isEmpty { prompt = .filter(filterText) }
        case ":": prompt = .command("")
        case " ": mark()
        case "A": markAll()
        case "s", "S": sort(reversing: character == "S")
        case "+": interval(-1)
        case "-": interval(1)
        case "f": isFrozen.toggle()
        case "w": isWide.toggle()
        case "r": return [.refresh]
        case "[": return turn(-1)
        case "]": return turn(1)
        case "m": return more()
        case "y": return current.map { [.copy($0.id.isEmpty ? $0.queue : $0.id)] } ?? []
        case _ where Self.changes.contains(character): return change(character)
        default: break
        }
        return []
    }

    /// What is in focus; on a job's screen that job.
    var current: JobRef? {
        if case .job(let ref) = screen { return ref }
        return focus[screen]?.key
    }

    private mutating func next(_ step: Int) -> [DashEffect] {
        let tabs = Screen.tabs
        let index = tabs.firstIndex(of: tab) ?? 0
        return show(tabs[(index + step + tabs.count) % tabs.count])
    }

    private mutating func open() -> [DashEffect] {
        guard let current else { return [] }
        switch screen {
        case .overview, .queues: return jobs("queue:\(current.queue)", jobState)
        case .workers: return jobs("worker:\(current.id)", .running)
        case .dead:
            jobLimit = Self.firstLimit
            return push(.group(current))
        case .jobs, .group: return push(.job(current))
        case .redis, .job, .help, .log: return []
        }
    }

    /// To the jobs of something.
    private mutating func jobs(_ filter: String, _ state: JobState) -> [DashEffect] {
        let effects = push(.jobs)
        filterText = filter.contains(" ") ? "\"\(filter)\"" : filter
        (jobState, jobs) = (state, nil)
        return effects
    }

    /// To the next state in the list of jobs.
    private mutating func turn(_ step: Int) -> [DashEffect] {
        guard screen == .jobs else { return [] }
        let states = JobState.allCases
        let index = states.firstIndex(of: jobState) ?? 0
        jobState = states[(index + step + states.count) % states.count]
        (jobs, marks, jobLimit) = (nil, [], Self.firstLimit)
        return [.refresh]
    }

    private mutating func more() -> [DashEffect] {
        guard hasMore else { return [] }
        if jobLimit == Self.lastLimit {
            notice = Notice(
                text: "more than \(Self.lastLimit) of a queue are not listed: narrow it with / or use jobs ls")
        }
        jobLimit = min(Self.lastLimit, jobLimit * 4)
        return [.refresh]
    }

    private var hasMore: Bool {
        switch screen {
        case .jobs: jobs.map { $0.total > $0.rows.count } ?? false
        case .group(let key): groups.contains { $0.key == key && $0.count > $0.jobs.count }
        default: false
        }
    }

    private mutating func click(_ x: Int, _ y: Int) -> [DashEffect] {
        let frame = layout()
        guard y < frame.size.height, x < frame.size.width else { return [] }
        if y == Places(self).tabs {
            return TabStrip(self).screen(at: x).map { show($0) } ?? []
        }
        guard let row = frame.rows[y] else { return [] }
        // A click on what is in focus opens it.
        if focus[screen]?.row == row { return open() }
        jump(to: row)
        return []
    }

    // MARK: Marks, order, interval

    /// Only what something can be done to at once.
    private var canMark: Bool {
        switch screen {
        case .jobs, .group, .dead, .workers: true
        default: false
        }
    }

    private mutating func mark() {
        guard canMark, let current else { return }
        if marks.remove(current) == nil { marks.insert(current) }
        move(1)
    }

    private mutating func markAll() {
        guard canMark else { return }
        let all = Set(listing.keys)
        marks = marks == all ? [] : all
    }

    private mutating func sort(reversing: Bool) {
        let titles = listing.columns.filter(\.isSortable).map(\.title)
        guard !titles.isEmpty else { return }
        var order = orders[screen.kind] ?? Order()
        if reversing {
            order.isReversed.toggle()
        } else {
            let next = (order.column.flatMap(titles.firstIndex) ?? -1) + 1
            order = Order(column: next < titles.count ? titles[next] : nil)
        }
        orders[screen.kind] = order
    }

    private mutating func interval(_ step: Int) {
        let all = Self.intervals
        let index = all.firstIndex { $0 >= intervalMs } ?? all.count - 1
        intervalMs = all[max(0, min(all.count - 1, index + step))]
        notice = Notice(text: "a look every \(Quantity.time(ms: intervalMs))")
    }
}
