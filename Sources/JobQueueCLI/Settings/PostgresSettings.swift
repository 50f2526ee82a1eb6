import JobQueuePostgres
import Postgres
import Redis

extension Settings {
    static let postgresURL = Setting(
        "postgres.url", "", .postgresURL,
        "Where Postgres is, for the outbox: postgres://[user:password@]host[:port]/database or host=… dbname=…. Empty: none.",
        isSecret: true)
    static let postgresRelay = Setting(
        "postgres.relay", "true", .flag, "Move rows of the outbox in `run` too, where there is a Postgres.")
    static let postgresPoll = Setting(
        "postgres.poll", "1s", .time(.milliseconds(10) ... .seconds(60)),
        "How often a relay looks for rows when nothing wakes it.")
    static let postgresBatch = Setting(
        "postgres.batch", "500", .whole(1...1000), "Rows that a relay moves in one transaction.")
    static let postgresReplicas = Setting(
        "postgres.replicas", "0", .whole(0...16),
        "How many replicas of Redis must have a job before its row is deleted.")
    static let postgresReplicaTimeout = Setting(
        "postgres.replica_timeout", "1s", .time(.milliseconds(1) ... .seconds(5)), "How long those may take.")
    static let postgresMaxAge = Setting(
        "postgres.max_age", "60s", .time(.seconds(1) ... .seconds(86_400)),
        "With rows that have waited for longer, /health/ready says degraded.")
    static let postgresOnceMemory = Setting(
        "postgres.once_memory", "30d", .time(.seconds(3600) ... .seconds(3_153_600_000)),
        "How long it is remembered that an effect happened once.")

    /// In the order of the example file.
    static let postgres: [any SettingDescription] = [
        postgresURL, postgresRelay, postgresPoll, postgresBatch, postgresReplicas, postgresReplicaTimeout,
        postgresMaxAge, postgresOnceMemory,
    ]
}

/// Where Postgres is, and how its outbox is emptied.
struct PostgresSettings: Sendable {
    /// Nil: there is none, and whatever needs one says so.
    var server: PostgresConfiguration?
    var isRelaying: Bool
    var relay = Relay.Configuration()
    var maxAge: Duration

    init(_ reader: inout SettingsReader) {
        server = reader.value(Settings.postgresURL)
        isRelaying = reader.value(Settings.postgresRelay)
        relay.poll = reader.value(Settings.postgresPoll)
        relay.batch = reader.value(Settings.postgresBatch)
        relay.replicas = reader.value(Settings.postgresReplicas)
        relay.replicaTimeout = reader.value(Settings.postgresReplicaTimeout)
        relay.onceMemory = reader.value(Settings.postgresOnceMemory)
        maxAge = reader.value(Settings.postgresMaxAge)
    }

    /// Reads no more than this. Throws what is wrong with it, or with a file as a whole.
    init(_ sources: SettingSources) throws(Failure) {
        var reader = SettingsReader(sources, section: "postgres")
        self.init(&reader)
        guard reader.problems.isEmpty else { throw Failure(reader.problems) }
    }

    /// For commands that can do nothing without.
    func required() throws(Failure) -> PostgresConfiguration {
        guard let server else {
            throw Failure(
                .badConfiguration,
                "no Postgres is named: give --postgres-url, or POSTGRES_URL, or postgres.url in the configuration")
        }
        return server
    }
}

extension SettingKind where Value == PostgresConfiguration? {
    /// An address of Postgres; nil for the empty text. No message repeats any part of it.
    static var postgresURL: Self {
        SettingKind { text throws(BadValue) in
            if text.isEmpty { return nil }
            do throws(PostgresError) { return try PostgresConfiguration(url: text) } catch {
                throw BadValue("\(error)")
            }
        }
    }
}
