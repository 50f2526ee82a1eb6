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
    private static let process: [UInt8] = {
        var line = Array(",\"service\":\"queue-worker\",\"version\":\"\(JobQueueWorkerVersion.text)\",\"host\":".utf8)
        quote(ProcessInfo.processInfo.hostName, &line)
        return line + Array((",\"pid\":" + pid).utf8)
    }()
    private static let pid = String(ProcessInfo.processInfo.processIdentifier)
    private static let taken: Set = ["ts", "level", "msg", "service", "version", "host", "pid"]
    private static let longestTaken = 7
    /// Longer texts are cut, in characters.
    private static let limit = 4096

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { LogSink.standardError.write(bytes(event), notice: Self.notice) }

    /// Where lines are missing.
    static func notice(_ count: Int) -> String { JSONLogHandler().line(LogSink.missing(count)) }

    func line(_ event: LogEvent) -> String { String(decoding: bytes(event).dropLast(), as: UTF8.self) }

    /// The line with its end. Bytes, because a server writes one for each request.
    private func bytes(_ event: LogEvent) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(640)
        line += "{\"ts\":\"".utf8
        line += Timestamp.text(Int(Date.now.timeIntervalSince1970 * 1000)).utf8
        line += "\",\"level\":\"".utf8
        line += event.level.rawValue.utf8
        line += "\",\"msg\":".utf8
        Self.quote("\(event.message)", &line)
        line += Self.process
        for (key, value) in fields(event) where key != "pid" || "\(value)" != Self.pid {
            line.append(UInt8(ascii: ","))
            // A handler's own field must not pass for one of ours.
            let isTaken = key.utf8.count <= Self.longestTaken && Self.taken.contains(key)
            Self.quote(isTaken ? key + "_" : key, &line)
            line.append(UInt8(ascii: ":"))
            Self.write(value, &line)
        }
        line += "}\n".utf8
        return line
    }

    /// Those of the event before those of the logger, in the order of their names.
    private func fields(_ event: LogEvent) -> [(key: String, value: Logger.Metadata.Value)] {
        let own = event.metadata ?? [:]
        var fields: [(key: String, value: Logger.Metadata.Value)] = []
        fields.reserveCapacity(metadata.count + own.count)
        for field in own { fields.append(field) }
        for field in metadata where own[field.key] == nil { fields.append(field) }
        fields.sort { $0.key < $1.key }
        return fields
    }

    private static func write(_ value: Logger.Metadata.Value, _ line: inout [UInt8]) {
        switch value {
        case .string(let text): quote(text, &line)
        case .stringConvertible(let number as Int): line += String(number).utf8
        case .stringConvertible(let flag as Bool): line += (flag ? "true" : "false").utf8
        case .stringConvertible(let other): quote("\(other)", &line)
        case .array(let list):
            line.append(UInt8(ascii: "["))
            for (index, value) in list.enumerated() {
                if index > 0 { line.append(UInt8(ascii: ",")) }
                write(value, &line)
            }
            line.append(UInt8(ascii: "]"))
        case .dictionary(let map):
            line.append(UInt8(ascii: "{"))
            for (index, field) in map.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { line.append(UInt8(ascii: ",")) }
                quote(field.key, &line)
                line.append(UInt8(ascii: ":"))
                write(field.value, &line)
            }
            line.append(UInt8(ascii: "}"))
        }
    }

    /// Appends a JSON string in which nothing moves a cursor.
    private static func quote(_ text: String, _ line: inout [UInt8]) {
        var text = text
        let isWritten = text.withUTF8 { bytes in
            guard bytes.count <= limit, bytes.allSatisfy(standsForItself) else { return false }
            line.append(UInt8(ascii: "\""))
            line.append(contentsOf: bytes)
            line.append(UInt8(ascii: "\""))
            return true
        }
        if isWritten { return }
        let cut = text.unicodeScalars.count > limit ? String(text.unicodeScalars.prefix(limit)) + "…" : text
        guard let bytes = try? PayloadEncoder.encode(cut) else {
            line += "\"\"".utf8
            return
        }
        line += Printable.json(String(decoding: bytes, as: UTF8.self)).utf8
    }

    /// Visible ASCII and blanks, but for what a JSON string escapes.
    private static func standsForItself(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }
}
