/// A handler that is any executable: one child process for each job.
///
///     handlers.on(name: "image.resize", exec: ExecHandler("/usr/local/bin/resize", "--fast"))
///
/// The child reads the payload from stdin, writes its result to stdout and log lines to stderr, and says by its exit code
/// what should follow. It leads a process group of its own, which dies with it. Docs/exec.md is the contract for authors.
public struct ExecHandler: Hashable, Sendable {
    /// What the child reads from stdin, before the end of input.
    public enum Input: String, Hashable, Sendable, CaseIterable {
        /// The payload alone.
        case payload
        /// An object with the payload and everything known of the run.
        case job
    }

    /// The executable, and its arguments. Without a slash it is looked for in the child's `PATH`; relative paths are
    /// relative to `directory`.
    public var command: [String]
    /// Where the child runs; nil: where the worker does.
    public var directory: String?
    /// Variables that the child gets, besides the few that every child gets and those of the job, which win.
    public var environment: [String: String] = [:]
    /// Names of the worker's own variables that the child gets as well, if the worker has them. Everything else of the
    /// worker's environment, secrets included, stays with the worker.
    public var inherited: [String] = []
    public var input = Input.payload
    /// How long the group may go on after TERM, before KILL. The default is 5 s.
    public var grace: Duration = .seconds(5)
    /// When a job comes back that the child put off without saying until when. The default is 30 s.
    public var pause: Duration = .seconds(30)
    /// The largest result that is kept, in bytes: of more, nothing is. The worker has a limit too. The default is 256 KiB.
    public var maxResultBytes = 256 * 1024
    /// How much of stderr is logged for each run, in bytes. The default is 1 MiB.
    public var maxLogBytes = 1024 * 1024
    /// The address space of each process of the child, in bytes; nil: as the worker.
    public var maxMemoryBytes: Int?
    /// The CPU time of each process of the child, in whole seconds, rounded up; nil: as the worker.
    public var maxCPUTime: Duration?

    public init(command: [String]) { self.command = command }

    public init(_ path: String, _ arguments: String...) { self.init(command: [path] + arguments) }

    /// Finds out whether this can work here and now: settings, folder, executable, and the interpreter of a script.
    ///
    /// Call it at start-up. A run that meets the same problem makes its job dead.
    public func check() throws(ExecProblem) {
        try checkSettings()
        _ = try Program.find(command[0], from: directory, path: Launch.searchPath(of: self))
    }
}

/// Why an executable cannot be a handler here.
public struct ExecProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// What to repair, with the path.
    public var description: String
}

extension ExecHandler {
    private func checkSettings() throws(ExecProblem) {
        guard let path = command.first, !path.isEmpty else { throw ExecProblem(description: "the command is empty") }
        if let text = (command + [directory ?? ""]).first(where: { $0.utf8.contains(0) }) {
            throw ExecProblem(description: "NUL in \(text.debugDescription)")
        }
        for name in environment.keys.sorted() where !Variables.isName(name) {
            throw ExecProblem(description: "\(name.debugDescription) cannot be the name of a variable")
        }
        for (name, value) in environment where value.utf8.contains(0) {
            throw ExecProblem(description: "NUL in the variable \(name)")
        }
        if grace < .zero || pause < .zero { throw ExecProblem(description: "grace and pause cannot be negative") }
        if maxResultBytes < 0 || maxLogBytes < 0 || maxMemoryBytes ?? 1 < 1 || maxCPUTime ?? .seconds(1) <= .zero {
            throw ExecProblem(description: "limits are positive numbers")
        }
    }
}
