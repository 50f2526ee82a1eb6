import JobModel
import JobQueueExec
import JobQueueWorker
import Logging
import Redis

/// Everything that can be configured, read and checked.
struct Settings: Sendable {
    static let redisURL = Setting(
        "redis.url", "redis://127.0.0.1:6379/0", .redisURL,
        "Where Redis is: redis://[user:password@]host[:port][/db], rediss:// for TLS, or unix:///path/to.sock.",
        isSecret: true)
    static let allowUnsafeRedis = Setting(
        "redis.allow_unsafe", "false", .flag,
        "Work with a Redis that may lose jobs, whatever the reason: as allow: all.",
        option: "--allow-unsafe-redis")
    static let allow = Setting(
        "redis.allow", "none", .risks,
        "Work with a Redis that has these faults: some of \(ServerRisk.names), with commas; all, or none.",
        option: "--allow")
    static let queues = Setting(
        "queue.queues", "default", .queues,
        "Queues: high,default,low (strict order) or high=6,default=3,low=1 (weights).")
    static let concurrency = Setting("queue.concurrency", "10", .whole(1...100_000), "Handlers at once.")
    static let prefetch = Setting(
        "queue.prefetch", "auto", .auto(0...1000), "Jobs claimed ahead of free slots: auto, or a number.")
    static let drainTimeout = Setting(
        "queue.drain_timeout", "25s", .time(.zero ... .seconds(86_400)), "How long running jobs may go on after TERM.")
    static let killAfter = Setting(
        "queue.kill_after", "30s", .time(.zero ... .seconds(86_400)),
        "How long a handler may ignore its time limit before the process exits with 70.")
    static let lease = Setting(
        "queue.lease", "30s", .time(.milliseconds(100) ... .seconds(3600)),
        "Lease of a queue that has none yet: a worker silent for so long has lost its jobs.")
    static let maxPayloadBytes = Setting(
        "queue.max_payload_bytes", "256KiB", .bytes(1...(64 << 20)), "The largest payload taken from the inbox.")
    static let maxResultBytes = Setting(
        "queue.max_result_bytes", "256KiB", .bytes(0...(64 << 20)), "The largest result that is kept.")
    static let processes = Setting(
        "queue.processes", "0", .auto(0...512),
        "Worker processes under a supervisor: a number, or auto for one a core. 0: this process, without one.")
    static let maxJobs = Setting(
        "queue.max_jobs", "0", .whole(0...1_000_000_000),
        "Under a supervisor, a process is replaced after so many jobs. 0: never.")
    static let maxMemory = Setting(
        "queue.max_memory", "0", .bytes(0...(1 << 44)),
        "Under a supervisor, a process with more resident memory is replaced. 0: never.")
    static let hangAfter = Setting(
        "queue.hang_after", "60s", .time(.seconds(1) ... .seconds(86_400)),
        "Under a supervisor, a process that stands still for so long is killed and replaced.")
    static let logLevel = Setting(
        "log.level", "info", SettingKind<Logger.Level>.level, "debug, info, warning or error.")
    static let logFormat = Setting(
        "log.format", "auto", SettingKind<LogFormat>.word,
        "text, json, or auto: text on a terminal, else one JSON object a line.")

    /// In the order of the example file.
    static let all: [any SettingDescription] =
        [
            redisURL, allowUnsafeRedis, allow, queues, concurrency, prefetch, drainTimeout, killAfter, lease,
            maxPayloadBytes,
            maxResultBytes, processes, maxJobs, maxMemory, hangAfter, adminPort, adminHost, logLevel, logFormat,
        ] + postgres + http

    var worker = WorkerConfiguration()
    var redis: RedisSettings
    /// 0: without a supervisor. Nil: one a core.
    var processes: Int?
    var maxJobs: Int
    var maxMemory: Int
    var hangAfter: Duration
    /// Nil: no health is served by `run`.
    var adminPort: Int?
    var adminHost: String
    var http: HTTPSettings
    var postgres: PostgresSettings
    var logLevel: Logger.Level
    var logFormat: LogFormat
    /// In the order of the file.
    var handlers: [(name: String, handler: ExecHandler)]

    /// Throws everything that is wrong.
    init(_ sources: SettingSources) throws(Failure) {
        var reader = SettingsReader(sources)
        redis = RedisSettings(&reader)
        worker.queues = reader.value(Self.queues)
        worker.concurrency = reader.value(Self.concurrency)
        worker.prefetch = reader.value(Self.prefetch)
        worker.drainTimeout = reader.value(Self.drainTimeout)
        worker.killAfter = reader.value(Self.killAfter)
        worker.lease = reader.value(Self.lease)
        worker.maxPayloadBytes = reader.value(Self.maxPayloadBytes)
        worker.maxResultBytes = reader.value(Self.maxResultBytes)
        worker.allowedRisks = redis.allowed
        processes = reader.value(Self.processes)
        maxJobs = reader.value(Self.maxJobs)
        maxMemory = reader.value(Self.maxMemory)
        hangAfter = reader.value(Self.hangAfter)
        adminPort = reader.value(Self.adminPort)
        adminHost = reader.value(Self.adminHost)
        http = HTTPSettings(&reader)
        postgres = PostgresSettings(&reader)
        logLevel = reader.value(Self.logLevel)
        logFormat = reader.value(Self.logFormat)
        handlers = reader.handlers()
        guard reader.problems.isEmpty else { throw Failure(reader.problems) }
    }
}

extension Settings {
    /// A logger as configured. Lines go to standard error.
    func logger() -> Logger {
        let format = logFormat
        var logger = Logger(label: "queue-worker") { _ in format.handler() }
        logger.logLevel = logLevel
        return logger
    }
}

/// What every command needs: where Redis is.
struct RedisSettings: Sendable {
    var url: Secret
    var allowed: Set<ServerRisk>

    init(_ reader: inout SettingsReader) {
        url = reader.value(Settings.redisURL)
        let named = reader.value(Settings.allow)
        allowed = reader.value(Settings.allowUnsafeRedis) ? ServerRisk.all : named
    }

    /// Reads no more than this: a wrong queue name in a file must not keep anybody from looking at the queues. Throws what
    /// is wrong with it, or with a file as a whole: without it, this could be another server.
    init(_ sources: SettingSources) throws(Failure) {
        var reader = SettingsReader(sources, section: "redis")
        self.init(&reader)
        guard reader.problems.isEmpty else { throw Failure(reader.problems) }
    }
}

/// Takes values out of sources, and keeps count of what is wrong.
struct SettingsReader {
    let sources: SettingSources
    private(set) var problems: [SettingsProblem]

    /// With a `section` it starts with the problems of that section and of files as a whole, else with all.
    init(_ sources: SettingSources, section: String? = nil) {
        self.sources = sources
        problems = sources.problems.filter { section == nil || $0.section == nil || $0.section == section }
    }

    /// The value; what stands for none when it cannot be read, so that reading goes on to the next problem.
    mutating func value<Value>(_ setting: Setting<Value>) -> Value {
        do throws(BadValue) {
            guard let found = try sources.find(setting) else { return fallback(setting) }
            do throws(BadValue) { return try setting.kind.parse(found.text) } catch {
                let place = found.isOption ? found.origin : "\(found.origin): \(setting.key)"
                refuse("\(place): \(error.description)", isUsage: found.isOption)
            }
        } catch { refuse(error.description) }
        return fallback(setting)
    }

    mutating func refuse(_ message: String, isUsage: Bool = false) {
        problems.append(SettingsProblem(message: message, isUsage: isUsage))
    }

    private func fallback<Value>(_ setting: Setting<Value>) -> Value {
        do throws(BadValue) { return try setting.kind.parse(setting.fallback) } catch {
            // A mistake in the table above, which a test would have found: there is no value to go on with.
            fatalError("the fallback of \(setting.key) is wrong: \(error.description)")
        }
    }
}
