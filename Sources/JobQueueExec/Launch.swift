import CSpawn
import FoundationEssentials
import JobQueueWorker

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// All that the children of a handler have in common, made once.
struct Launch: Sendable {
    private let handler: ExecHandler
    private let base: [String: String]
    /// This program once more, for a handler of its own.
    private let isIsolated: Bool
    /// Not the command's program but this one.
    private let isItself: Bool

    init(_ handler: ExecHandler, worker: [String: String] = ProcessInfo.processInfo.environment) {
        self.handler = handler
        base = Variables.base(of: handler, worker: worker)
        isIsolated = false
        isItself = false
    }

    /// This program with other arguments, and with further variables beside those that it has itself. What it prints on
    /// stdout is among its log lines.
    init(itself arguments: [String], variables: [String: String], grace: Duration) {
        var handler = ExecHandler(command: [ProcessInfo.processInfo.arguments.first ?? "queue-worker"] + arguments)
        handler.grace = grace
        self.handler = handler
        base = Self.quiet.merging(ProcessInfo.processInfo.environment) { $1 }.merging(variables) { $1 }
        isIsolated = false
        isItself = true
    }

    /// This program with the arguments and the environment that it has itself, so that it makes the same handlers.
    init(_ way: Handlers.Isolated) {
        var handler = ExecHandler(command: ProcessInfo.processInfo.arguments)
        handler.maxMemoryBytes = way.maxMemoryBytes
        handler.maxCPUTime = way.maxCPUTime
        self.handler = handler
        let mark = IsolatedMark.variable
        base = Self.quiet.merging(ProcessInfo.processInfo.environment) { $1 }.merging([mark.name: mark.value]) { $1 }
        isIsolated = true
        isItself = true
    }

    /// A report of a crash takes seconds, and puts memory of the process into the error that is kept.
    private static let quiet = ["SWIFT_BACKTRACE": "enable=no"]

    /// The running program: also when a deploy has put another file in its place.
    private static let itself = "/proc/self/exe"

    private var search: String { base["PATH"] ?? Variables.fallbackPath }

    /// No child came of it.
    enum Failure: Error, Equatable {
        /// It would not help to try again.
        case permanent(String)
        /// The machine is short of something.
        case shortage(String)
    }

    static func searchPath(of handler: ExecHandler) -> String {
        Variables.base(of: handler, worker: ProcessInfo.processInfo.environment)["PATH"] ?? Variables.fallbackPath
    }

    /// Starts a child for a job. The calling thread must outlive it.
    func start(_ job: JobFacts) throws(Failure) -> queue_spawn_child {
        try start(isIsolated ? [:] : Variables.facts(job))
    }

    /// Starts a child with further variables. The calling thread must outlive it.
    func start(_ facts: [String: String] = [:]) throws(Failure) -> queue_spawn_child {
        let path = try path
        let environment = base.merging(facts) { _, fact in fact }.map { "\($0)=\($1)" }
        var child = queue_spawn_child()
        var step = queue_spawn_pipes
        let code = withCStrings(handler.command) { arguments in
            withCStrings(environment) { environment in
                path.withCString { path in
                    withOptionalCString(handler.directory) { directory in
                        var plan = queue_spawn_plan(
                            path: path, arguments: arguments, environment: environment, directory: directory,
                            memory: UInt64(max(0, handler.maxMemoryBytes ?? 0)), cpu: cpuSeconds, reports: isItself)
                        return queue_spawn(&plan, &child, &step)
                    }
                }
            }
        }
        if code != 0 { throw failure(of: path, code, at: step) }
        return child
    }

    private var path: String {
        get throws(Failure) {
            if isItself { return Self.itself }
            guard let command = handler.command.first else { throw .permanent("the command is empty") }
            if command.contains("/") { return command }
            do throws(ExecProblem) {
                return try Program.find(command, from: handler.directory, path: search)
            } catch { throw .permanent("\(error)") }
        }
    }

    private var cpuSeconds: UInt64 {
        guard let (seconds, rest) = handler.maxCPUTime?.components else { return 0 }
        return UInt64(max(0, seconds)) + (rest > 0 ? 1 : 0)
    }

    private func failure(of path: String, _ code: Int32, at step: queue_spawn_step) -> Failure {
        let message = Program.message(of: code)
        switch step {
        case queue_spawn_directory: return .permanent("the folder \(handler.directory ?? "."): \(message)")
        case queue_spawn_limits: return .permanent("the limits of \(path) cannot be set: \(message)")
        case queue_spawn_exec where ![ENOMEM, EAGAIN, ENFILE, EMFILE, EIO, ETXTBSY].contains(code):
            return .permanent(Program.problem(with: path, from: handler.directory, path: search, errno: code))
        default: return .shortage("\(path) cannot be started now: \(message)")
        }
    }
}

/// Calls `body` with a list of C strings that ends in null.
private func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var strings = texts.map { strdup($0) }
    strings.append(nil)
    defer { for string in strings { free(string) } }
    return strings.withUnsafeBufferPointer { body($0.baseAddress!) }
}

private func withOptionalCString<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
    guard let text else { return body(nil) }
    return text.withCString(body)
}
