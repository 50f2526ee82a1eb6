import Foundation
import JobModel
import JobStore
import ProcessSupport
import TestSupport
import Testing

/// `dash` in a real terminal, with real keys, on a real Redis.
extension ProcessTests {
    @Suite(.timeLimit(.minutes(2)), .enabled(if: Tmux.isThere, "install tmux")) struct DashTests {
        /// A shell in a terminal of its own that runs the dashboard between two looks at the terminal's settings.
        private func dash(
            _ site: Site, _ options: String = "", body: (Tmux) async throws -> Void
        ) async throws -> (status: String, isRestored: Bool) {
            let tmux = try await Tmux(folder: site.redis.folder)
            let result: Result<Void, any Error>
            let folder = site.redis.folder.path
            let program = Child.products.appending(path: "queue-worker").path
            do {
                try await tmux.type(
                    "stty -a >\(folder)/before; \(program) dash --redis-url \(site.redis.url) --refresh 500ms \(options);"
                        + " echo \"ended $?\" >\(folder)/status; stty -a >\(folder)/after; echo and o''n\n")
                try await tmux.shows("1 Overview")
                try await body(tmux)
                try await tmux.shows("and on")
                result = .success(())
            } catch { result = .failure(error) }
            await tmux.close()
            try result.get()
            func text(_ name: String) throws -> String {
                try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
            }
            return (try text("status"), try text("before") == text("after"))
        }

        private func dead(_ site: Site) async throws -> String {
            let worker = try site.worker("w")
            let id = try await site.enqueue("test.number", "\"no number\"")
            try await eventually("the job is dead") { try await site.view(id).state == .dead }
            worker.signal(SIGTERM)
            _ = try await worker.exit()
            return id
        }

        @Test func `a dead job is found and requeued, and the terminal is as it was`() async throws {
            try await Site.run { site in
                let id = try await dead(site)
                let end = try await dash(site) { tmux in
                    try await tmux.press("5")
                    try await tmux.shows("JOBS")
                    try await tmux.press("Enter")
                    try await tmux.shows(String(id.suffix(4)))
                    try await tmux.press("Enter")
                    try await tmux.shows("TIMELINE")
                    try await tmux.press("R")
                    try await eventually("the job waits again") { try await site.view(id).state == .queued }
                    try await tmux.shows("requeued")
                    try await tmux.press("q", "q", "q")
                }
                #expect(end.status == "ended 0\n" && end.isRestored)
            }
        }

        @Test func `read-only it changes nothing`() async throws {
            try await Site.run { site in
                let id = try await dead(site)
                let end = try await dash(site, "--read-only") { tmux in
                    try await tmux.press("5")
                    try await tmux.shows("JOBS")
                    try await tmux.press("R")
                    try await tmux.shows("nothing is changed here")
                    try await tmux.press("C-c")
                }
                #expect(end.status == "ended 0\n" && end.isRestored)
                #expect(try await site.view(id).state == .dead)
            }
        }

        @Test func `a worker is made quiet, goes on and is stopped, and the log says so`() async throws {
            try await Site.run { site in
                let worker = try site.worker("w")
                let end = try await dash(site) { tmux in
                    try await tmux.press("4")
                    try await tmux.shows(" idle ")
                    try await tmux.press("Q")
                    try await tmux.shows(": told to be quiet")
                    try await tmux.shows(" quiet ")
                    try await tmux.press("R")
                    try await tmux.shows(": told to go on")
                    try await tmux.shows(" idle ")
                    try await tmux.press("K")
                    try await tmux.shows("y/N")
                    try await tmux.press("n", "K")
                    try await tmux.press("y")
                    try await tmux.shows(": told to stop")
                    #expect(try await worker.exit() == 0)
                    try await tmux.press("L")
                    for word in ["be quiet", "go on", "stop"] { try await tmux.shows(": told to \(word)") }
                    try await tmux.press("C-c")
                }
                #expect(end.status == "ended 0\n" && end.isRestored)
            }
        }

        @Test(arguments: [(SIGTERM, 143), (SIGHUP, 129), (SIGINT, 130), (SIGSEGV, 139)])
        func `a signal ends it, and the terminal is as it was`(number: Int32, status: Int) async throws {
            try await Site.run { site in
                let end = try await dash(site) { tmux in
                    let pid = try await tmux.child()
                    kill(pid, number)
                }
                #expect(end.status == "ended \(status)\n" && end.isRestored)
            }
        }

        @Test func `Ctrl-Z leads to the shell and fg back`() async throws {
            try await Site.run { site in
                let end = try await dash(site) { tmux in
                    try await tmux.press("C-z")
                    try await tmux.shows("Stopped")
                    try await tmux.type("fg\n")
                    try await tmux.shows("1 Overview")
                    try await tmux.press("6")
                    try await tmux.shows("eviction")
                    try await tmux.press("q")
                    // The shell has forgotten the rest of its line.
                    try await tmux.type(
                        "stty -a >\(site.redis.folder.path)/after; echo ended 0 >\(site.redis.folder.path)/status; echo and o''n\n"
                    )
                }
                #expect(end.isRestored)
            }
        }

        @Test func `without Redis it stays, says so, and goes on when Redis is back`() async throws {
            try await Site.run { site in
                let end = try await dash(site) { tmux in
                    site.redis.kill()
                    try await tmux.shows("redis away for")
                    try await tmux.resize(columns: 40, rows: 6)
                    try await tmux.resize(columns: 1, rows: 1)
                    try await tmux.resize(columns: 100, rows: 30)
                    try await tmux.shows("redis away for")
                    try await Threads.run { try site.redis.start() }
                    try await tmux.shows("live")
                    try await tmux.press("q")
                }
                #expect(end.status == "ended 0\n" && end.isRestored)
            }
        }

        @Test func `a payload is edited in an editor, and the job requeued with it`() async throws {
            try await Site.run { site in
                let id = try await dead(site)
                let editor = site.redis.folder.appending(path: "editor").path
                try "#!/bin/sh\necho '{\"big\": 1.10000000000000000001}' >\"$1\"\n".write(
                    toFile: editor, atomically: true, encoding: .utf8)
                chmod(editor, 0o755)
                let end = try await dash(site) { tmux in
                    try await tmux.press("5")
                    try await tmux.shows("JOBS")
                    try await tmux.press("Enter")
                    try await tmux.shows(String(id.suffix(4)))
                    try await tmux.press("E")
                    try await tmux.shows("with this payload?")
                    #expect(try await site.view(id).state == .dead)
                    try await tmux.press("y")
                    try await eventually("the job waits again") { try await site.view(id).state == .queued }
                    try await tmux.press("C-c")
                }
                #expect(end.status == "ended 0\n" && end.isRestored)
                let envelope = try Envelope(parsing: try await site.view(id).envelope)
                #expect(envelope.payload.elementsEqual("{\"big\": 1.10000000000000000001}".utf8))
            }
        }
    }
}

/// A terminal, with a shell in it that has job control.
private struct Tmux {
    static let isThere = FileManager.default.isExecutableFile(atPath: "/usr/bin/tmux")
    private let words: [String]

    init(folder: URL) async throws {
        words = ["/usr/bin/tmux", "-u", "-S", folder.path + "/tmux", "-f", "/dev/null"]
        let editor = "EDITOR=\(folder.path)/editor"
        try await run(
            "new-session", "-d", "-x", "100", "-y", "30",
            "env LANG=C.UTF-8 \(editor) SWIFT_BACKTRACE=enable=no PS1='> ' bash --norc --noprofile -i")
        try await shows(">")
    }

    @discardableResult
    private func run(_ arguments: String...) async throws -> String {
        let end = try await Program.run(words + arguments, errors: .output)
        guard end.status == 0 else { throw Overdue(description: "tmux \(arguments): \(end.output)") }
        return end.output
    }

    func type(_ text: String) async throws {
        try await run("send-keys", "-l", String(text.dropLast()))
        try await press("Enter")
    }

    func press(_ keys: String...) async throws { for key in keys { try await run("send-keys", key) } }
    func resize(columns: Int, rows: Int) async throws {
        try await run("resize-window", "-x", "\(columns)", "-y", "\(rows)")
    }

    /// Waits until some text stands on the screen.
    func shows(_ text: String) async throws {
        var screen = ""
        do {
            try await eventually("the terminal shows \(text)") {
                screen = try await run("capture-pane", "-p")
                return screen.contains(text)
            }
        } catch { throw Overdue(description: "\(error)\n\(screen)") }
    }

    /// The program that runs in the shell.
    func child() async throws -> pid_t {
        let shell = try await run("display-message", "-p", "#{pane_pid}").trimmingCharacters(
            in: .whitespacesAndNewlines)
        let children = try String(contentsOfFile: "/proc/\(shell)/task/\(shell)/children", encoding: .utf8)
        return try #require(pid_t(children.split(separator: " ").first ?? ""))
    }

    func close() async { _ = try? await run("kill-server") }
}
