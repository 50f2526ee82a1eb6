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
        var text = ",\"service\":\"queue-worker\",\"version\":\"\(JobQueueWorkerVersion.text)\",\"host\":"
        quote(ProcessInfo.processInfo.hostName, &text)
        return text + ",\"pid\":" + pid
    }()
    private static let pid = String(ProcessInfo.processInfo.processIdentifier)
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
        var line = ""
        line.reserveCapacity(512)
        line += "{\"ts\":\""
        line += Timestamp.text(Int(Date.now.timeIntervalSince1970 * 1000))
        line += "\",\"level\":\""
        line += event.level.rawValue
        line += "\",\"msg\":"
        Self.quote("\(event.message)", &line)
        line += Self.process
        var fields = Array(metadata)
        for field in event.metadata ?? [:] {
            if metadata[field.key] != nil { fields.removeAll { $0.key == field.key } }
            fields.append(field)
        }
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) where key != "pid" || "\(value)" != Self.pid {
            line += ","
            // A handler's own field must not pass for one of ours.
            Self.quote(Self.taken.contains(key) ? key + "_" : key, &line)
            line += ":"
            Self.write(value, &line)
        }
        line += "}"
        return line
    }

    private static func write(_ value: Logger.Metadata.Value, _ line: inout String) {
        switch value {
        case .string(let text): quote(text, &line)
        case .stringConvertible(let number as Int): line += String(number)
        case .stringConvertible(let flag as Bool): line += flag ? "true" : "false"
        case .stringConvertible(let other): quote("\(other)", &line)
        case .array(let list):
            line += "["
            for (index, value) in list.enumerated() {
                if index > 0 { line += "," }
                write(value, &line)
            }
            line += "]"
        case .dictionary(let map):
            line += "{"
            for (index, field) in map.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { line += "," }
                quote(field.key, &line)
                line += ":"
                write(field.value, &line)
            }
            line += "}"
        }
    }

    /// Appends a JSON string in which nothing moves a cursor.
    private static func quote(_ text: String, _ line: inout String) {
        if Printable.isPlain(text, limit: limit), !text.utf8.contains(where: isEscaped) {
            line += "\""
            line += text
            line += "\""
            return
        }
        let cut = text.unicodeScalars.count > limit ? String(text.unicodeScalars.prefix(limit)) + "…" : text
        guard let bytes = try? PayloadEncoder.encode(cut) else {
            line += "\"\""
            return
        }
        line += Printable.json(String(decoding: bytes, as: UTF8.self))
    }

    private static func isEscaped(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") }
}
