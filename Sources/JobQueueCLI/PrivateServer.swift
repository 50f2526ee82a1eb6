import Foundation
import JobQueueExec
import JobStore
import Redis

/// A redis-server of one's own: its data in a folder, reached by a unix socket, gone when this process is.
struct PrivateServer: Sendable {
    /// What it is, such as `redis-server 7.0.15`.
    let title: String
    let socket: ServerSocket
    let port: Int
    private let folder: DataFolder
    private let companion: Companion

    /// How long it may take to write its data when it is told to end; then it is killed.
    private static let grace = Duration.seconds(10)

    /// Starts it and returns once it answers; nil when the task was cancelled before.
    static func start(in folder: DataFolder, port: Int) async throws(Failure) -> PrivateServer? {
        let program = try find()
        let title = try await inspect(program)
        let socket = try await ServerSocket(in: folder)
        folder.turnLog()
        var command = ExecHandler(command: [program] + arguments(socket: socket.path, port: port))
        command.directory = folder.path
        command.grace = grace
        let companion: Companion
        do throws(Companion.Refusal) { companion = try await Companion.start(command) } catch {
            socket.remove()
            throw Failure(.unreachable, "\(error)")
        }
        let server = PrivateServer(title: title, socket: socket, port: port, folder: folder, companion: companion)
        let end = await server.endBeforeReady()
        if end == nil, !Task.isCancelled { return server }
        await server.stop()
        guard let end else { return nil }
        throw server.failure(end, wasReady: false)
    }

    /// Where it is. Nothing in it means anything to a shell.
    var url: String { Self.url(socket: socket.path) }

    static func url(socket: String) -> String {
        let path = socket.utf8.map { byte in
            if ShellWord.isHarmless(byte) { return String(UnicodeScalar(byte)) }
            return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }
        return "unix://" + path.joined()
    }

    /// Durable, and nobody else's: no snapshots beside the append-only file, no network but loopback and only when asked.
    static func arguments(socket: String, port: Int) -> [String] {
        [
            "--port", "\(port)", "--bind", "127.0.0.1", "--protected-mode", "yes",
            "--unixsocket", socket, "--unixsocketperm", "700",
            "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction",
            "--dir", ".", "--logfile", "redis.log", "--daemonize", "no",
        ]
    }

    // MARK: The program

    private static func find() throws(Failure) -> String {
        var problem = ""
        for name in ["redis-server", "valkey-server"] {
            do throws(ExecProblem) {
                try ExecHandler(name).check()
                return name
            } catch { if problem.isEmpty { problem = error.description } }
        }
        throw Failure(
            .unreachable,
            "\(problem); install it with apt install redis-server, dnf install valkey or brew install redis")
    }

    /// Asks the program what it is. Throws when it is too old.
    private static func inspect(_ program: String) async throws(Failure) -> String {
        let answer: Companion.End?
        do throws(Companion.Refusal) {
            answer = try await Companion.start(ExecHandler(program, "--version")).end()
        } catch { throw Failure(.unreachable, "\(error)") }
        let version = version(in: answer?.output ?? "")
        if let problem = ServerFacts(info: version.info).refusal(allowing: []) {
            throw Failure(.badConfiguration, problem.message)
        }
        return version.number.isEmpty ? program : "\(program) \(version.number)"
    }

    /// `Redis server v=7.0.15 sha=…` and `Valkey server v=8.0.1 …`; as `INFO` puts it, too.
    static func version(in text: String) -> (number: String, info: String) {
        let words = text.split(separator: " ")
        let number = words.first { $0.hasPrefix("v=") }.map { String($0.dropFirst(2)) } ?? ""
        let product = text.hasPrefix("Valkey") ? "valkey" : "redis"
        return (number, "\(product)_version:\(number)")
    }

    // MARK: Its life

    /// Waits until it answers; or answers how it ended before.
    private func endBeforeReady() async -> Companion.End? {
        await withTaskGroup(of: Companion.End?.self) { group in
            group.addTask { await companion.end() }
            group.addTask {
                await connect()
                return nil
            }
            let end = await group.next() ?? nil
            group.cancelAll()
            return end
        }
    }

    /// Tries until it has loaded its data and can be asked, or until the task is cancelled.
    private func connect() async {
        var configuration = RedisConfiguration(endpoint: .unix(path: socket.path))
        configuration.connectTimeout = .seconds(1)
        configuration.backoff = ReconnectBackoff(minimum: .milliseconds(5), maximum: .milliseconds(50))
        let client = RedisClient(configuration)
        while !Task.isCancelled, (try? await client.connect()) == nil { await Task.yield() }
        await client.close()
    }

    /// Why it ended although nobody asked it to; nil when the task is cancelled before.
    func endUnasked() async -> Failure? { await companion.end().map { failure($0, wasReady: true) } }

    /// Ends it: it writes what it has, then it is gone, and its socket with it. False when it had to be killed.
    @discardableResult
    func stop() async -> Bool {
        let end = await companion.stop()
        socket.remove()
        return !end.wasKilled
    }

    /// Tidies up for a process that ends now, without waiting: the kernel kills the server then.
    func abandon() {
        socket.remove()
        folder.unsign()
    }

    private func failure(_ end: Companion.End, wasReady: Bool) -> Failure {
        ServerTrouble.failure(
            end, program: title, wasReady: wasReady, port: port, log: folder.logTail(), path: folder.logPath)
    }
}
