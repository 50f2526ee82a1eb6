/// Whose a folder is, by what is in it.
enum FolderClaim: Equatable {
    case ours
    /// Nothing is in it.
    case new
    /// It holds this.
    case foreign(String)

    static let marker = """
        This folder belongs to `queue-worker dev`: jobs and their results, in the append-only file of a private Redis.
        Delete it while none runs, or start with `queue-worker dev --fresh` to begin without what is in it.

        """
    static let appendOnlyFolder = "appendonlydir"

    init(names: [String], marker: String?) {
        if let marker, marker.hasPrefix(Self.marker.prefix { $0 != ":" }) {
            self = .ours
        } else if let name = names.first(where: { $0 != "dev.lock" }) {
            self = .foreign(name)
        } else {
            // A first start that was killed between its lock and its marker is one too.
            self = .new
        }
    }

    /// What a Redis leaves in its folder.
    static func isData(_ name: String) -> Bool {
        ["redis.log", "redis.log.1", "dump.rdb"].contains(name) || isTemporary(name)
    }

    /// What it leaves in the folder of its append-only file.
    static func isAppendOnlyFile(_ name: String) -> Bool { name.hasPrefix("appendonly.aof.") || isTemporary(name) }

    private static func isTemporary(_ name: String) -> Bool {
        name.hasPrefix("temp-") && (name.hasSuffix(".rdb") || name.hasSuffix(".aof"))
    }
}
