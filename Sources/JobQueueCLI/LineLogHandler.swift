import FoundationEssentials
import JobModel
import Logging

/// Log lines for people: time, level, message, fields, on standard error. Whatever they contain stays on one line.
struct LineLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { LogSink.standardError.write(line(event), notice: Self.notice) }

    /// Where lines are missing.
    static func notice(_ count: Int) -> String {
        LineLogHandler().line(LogSink.missing(count))
    }

    func line(_ event: LogEvent) -> String {
        // Events are for machines: here the message says it.
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.filter { $0.key != "event" }
        let fields = all.sorted { $0.key < $1.key }.map { key, value in
            " \(key)=\(Self.quoted("\(value)"))"
        }
        let time = Timestamp.text(Int(Date.now.timeIntervalSince1970 * 1000))
        return "\(time) \(event.level) \(Printable.oneLine("\(event.message)"))\(fields.joined())"
    }

    private static func quoted(_ value: String) -> String {
        let line = Printable.oneLine(value)
        return line.contains(" ") || line.contains("\"") ? "\"" + line.replacing("\"", with: "'") + "\"" : line
    }
}
