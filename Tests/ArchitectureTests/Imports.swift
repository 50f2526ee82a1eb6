/// Which module may use which. Arrows run downwards only, and each module says what it takes from outside.
struct ModuleTable: Sendable {
    struct Entry: Sendable {
        var folder: String
        var module: String
        var imports: Set<String>
    }

    private static let foundation: Set = ["Foundation", "FoundationEssentials"]
    private static let nio: Set = ["NIOCore", "NIOPosix"]

    static let house: [Entry] = [
        Entry(folder: "worker", module: "queue-worker", imports: ["JobQueueCLI"]),
        Entry(
            folder: "Sources/JobQueueCLI", module: "JobQueueCLI",
            imports: foundation.union([
                "TerminalDashboard", "JobQueueHTTP", "JobQueuePostgres", "JobQueueSupervisor", "JobQueueExec",
                "JobQueueWorker",
                "JobQueueClient",
                "Telemetry", "JobStore", "JobModel",
                "Postgres", "Redis", "JobQueueBench", "ArgumentParser", "CoreMetrics", "Configuration", "Logging",
                "Synchronization",
                "CSpawn", "DequeModule", "Dispatch", "Yams",
            ])),
        Entry(
            folder: "dashboard/terminal", module: "TerminalDashboard",
            imports: ["JobStore", "JobModel", "FoundationEssentials"]),
        Entry(
            folder: "Sources/JobQueueHTTP", module: "JobQueueHTTP",
            imports: nio.union([
                "JobQueueClient", "Telemetry", "JobStore", "JobModel", "CoreMetrics", "Hummingbird", "HummingbirdCore",
                "HTTPTypes", "NIOHTTP1",
                "NIOHTTPTypes", "NIOHTTPTypesHTTP1", "NIOSSL", "ServiceLifecycle", "Crypto", "FoundationEssentials",
                "Logging", "Synchronization", "Glibc", "Musl",
            ])),
        Entry(
            folder: "Sources/JobQueueSupervisor", module: "JobQueueSupervisor",
            imports: [
                "JobQueueExec", "JobQueueWorker", "Telemetry", "JobStore", "JobModel", "Logging", "Synchronization",
                "FoundationEssentials", "Glibc", "Musl",
            ]),
        Entry(
            folder: "Sources/JobQueuePostgres", module: "JobQueuePostgres",
            imports: [
                "JobQueueWorker", "JobQueueClient", "JobStore", "JobModel", "Postgres", "Crypto", "Logging",
                "Synchronization",
            ]),
        Entry(
            folder: "Sources/Telemetry", module: "Telemetry",
            imports: ["JobModel", "CoreMetrics", "Synchronization"]),
        Entry(
            folder: "Sources/JobQueueExec", module: "JobQueueExec",
            imports: [
                "JobQueueWorker", "JobModel", "CSpawn", "CoreMetrics", "FoundationEssentials", "Logging",
                "Synchronization",
                "Glibc", "Musl",
            ]),
        Entry(
            folder: "Sources/JobQueueWorker", module: "JobQueueWorker",
            imports: foundation.union(nio).union([
                "JobQueueClient", "JobStore", "JobModel", "Redis", "CSpawn", "DequeModule", "CoreMetrics", "Logging",
                "Synchronization", "Glibc", "Musl",
            ])),
        Entry(
            folder: "Sources/JobQueueClient", module: "JobQueueClient",
            imports: [
                "JobStore", "JobModel", "Redis", "DequeModule", "FoundationEssentials", "Logging", "Synchronization",
            ]),
        Entry(
            folder: "Sources/JobStore", module: "JobStore",
            imports: ["JobModel", "Redis", "Crypto", "FoundationEssentials"]),
        Entry(folder: "Sources/JobModel", module: "JobModel", imports: []),
        Entry(
            folder: "Sources/Postgres", module: "Postgres",
            imports: ["CPostgres", "CSpawn", "DequeModule", "Synchronization", "Glibc", "Musl"]),
        Entry(
            folder: "Sources/Redis", module: "Redis",
            imports: nio.union([
                "NIOSSL", "NIOTLS", "CHiredis", "DequeModule", "Logging", "Synchronization", "Glibc", "Musl", "Darwin",
            ])),
    ]

    /// Imports that the table does not allow, and files that no entry covers.
    static func violations(in files: [SourceFile], _ table: [Entry] = house) -> [Violation] {
        files.flatMap { file -> [Violation] in
            guard let entry = table.first(where: { file.path.hasPrefix($0.folder + "/") }) else {
                return [Violation(path: file.path, line: 1, what: "belongs to no module")]
            }
            return imports(of: file).filter { !entry.imports.contains($0.module) }.map { line, module in
                Violation(path: file.path, line: line, what: "\(entry.module) must not import \(module)")
            }
        }
    }

    /// The modules that a file imports, whatever stands before or behind the word.
    static func imports(of file: SourceFile) -> [(line: Int, module: String)] {
        let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias", "actor"]
        return file.code.lines.compactMap { number, text in
            var words = text.split(separator: " ")[...]
            while let first = words.first,
                first.hasPrefix("@") || ["public", "package", "internal", "private", "fileprivate"].contains(first)
            {
                words = words.dropFirst()
            }
            guard words.first == "import", words.count > 1 else { return nil }
            words = words.dropFirst()
            if kinds.contains(words[words.startIndex]), words.count > 1 { words = words.dropFirst() }
            return (number, String(words[words.startIndex].split(separator: ".")[0]))
        }
    }
}
