import Foundation
import JobModel
import JobQueueClient
import JobQueueWorker
import Logging

/// How log lines look.
enum LogFormat: String, CaseIterable {
    /// Text on a terminal, else JSON.
    case auto
    case text, json

    /// Where lines go: standard error, so that what commands print stays apart.
    func handler() -> any LogHandler {
        switch seen {
        case .text: LineLogHandler()
        case .json, .auto: JSONLogHandler()
        }
    }

    /// A line that stands in the place of so many that were dropped.
    @Sendable func notice(_ count: Int) -> String {
        seen == .text ? LineLogHandler.notice(count) : JSONLogHandler.notice(count)
    }

    /// What `auto` is here.
    var seen: LogFormat { self == .auto ? isatty(STDERR_FILENO) == 1 ? .text : .json : self }
}

/// Log lines for machines: one JSON object a line. `ts`, `level` and `msg` first, then the process, then the fields.
struct JSONLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    /// What is the same on every line.
    private static let process: String = {
        let info = ProcessInfo.processInfo
        return ",\"service\":\"queue-worker\",\"version\":\"\(JobQueueWorkerVersion.text)\""
            + ",\"host\":\(quoted(info.hostName)),\"pid\":\(info.processIdentifier)"
    }()
    private static let taken: Set = ["ts", "level", "msg", "service", "version", "host", "pid"]
    /// Longer texts are cut, in characters.
    private static let limit = 4096

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { LogSink.standardError.write(line(event), notice: Self.notice) }

    /// Where lines are missing.
    static func notice(_ count: Int) -> String { JSONLogHandler().line(LogSink.missing(count)) }

    func line(_ event: LogEvent) -> String {
        let time = Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        var line = "{\"ts\":\"\(time)\",\"level\":\"\(event.level)\",\"msg\":\(Self.quoted("\(event.message)"))"
        line += Self.process
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        for (key, value) in fields where key != "pid" || "\(value)" != "\(ProcessInfo.processInfo.processIdentifier)" {
            // A handler's own field must not pass for one of ours.
            line += ",\(Self.quoted(Self.taken.contains(key) ? key + "_" : key)):\(Self.json(value))"
        }
        return line + "}"
    }

    private static func json(_ value: Logger.Metadata.Value) -> String {
        switch value {
        case .string(let text): quoted(text)
        case .stringConvertible(let number as Int): "\(number)"
        case .stringConvertible(let flag as Bool): "\(flag)"
        case .stringConvertible(let other): quoted("\(other)")
        case .array(let list): "[\(list.map(json).joined(separator: ","))]"
        case .dictionary(let map):
            "{"
                + map.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(json($0.value))" }.joined(separator: ",")
                + "}"
        }
    }

    /// A JSON string in which nothing moves a cursor.
    private static func quoted(_ text: String) -> String {
        let cut = text.unicodeScalars.count > limit ? String(text.unicodeScalars.prefix(limit)) + "…" : text
        guard let bytes = try? PayloadEncoder.encode(cut) else { return "\"\"" }
        return Printable.json(String(decoding: bytes, as: UTF8.self))
    }
}
