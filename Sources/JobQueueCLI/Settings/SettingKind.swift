import JobModel
import JobQueueWorker
import Logging
import Redis

/// What a setting may hold, and how that is written.
struct SettingKind<Value: Sendable>: Sendable {
    let parse: @Sendable (String) throws(BadValue) -> Value

    init(_ parse: @escaping @Sendable (String) throws(BadValue) -> Value) { self.parse = parse }

    /// A kind whose refusals need no more words than what is wanted: "a whole number from 1 to 10".
    init(wanted: String, _ parse: @escaping @Sendable (String) -> Value?) {
        self.parse = { text throws(BadValue) in
            guard let value = parse(text) else {
                throw BadValue("\(BadValue.quoted(text)) is not \(wanted)")
            }
            return value
        }
    }
}

extension SettingKind where Value == Int {
    static func whole(_ range: ClosedRange<Int>) -> Self {
        SettingKind(wanted: "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            digits(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// `65536`, `64KiB`, `1MiB`, `2GiB`.
    static func bytes(_ range: ClosedRange<Int>) -> Self {
        SettingKind(wanted: "a size such as 65536, 256KiB or 1MiB, at most \(range.upperBound) bytes") { text in
            let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)]
            let unit = units.first { text.hasSuffix($0.0) } ?? ("", 1)
            guard let number = digits(text.dropLast(unit.0.count)) else { return nil }
            let (size, isTooLarge) = number.multipliedReportingOverflow(by: unit.1)
            return !isTooLarge && range.contains(size) ? size : nil
        }
    }

    /// Plain digits: `Int.init` would also take a sign.
    private static func digits(_ text: some StringProtocol) -> Int? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
    }
}

extension SettingKind where Value == Duration {
    static func time(_ range: ClosedRange<Duration>) -> Self {
        SettingKind { text throws(BadValue) in
            let shown = BadValue.quoted(text)
            let time: Duration
            do throws(TimeSpan.Refusal) { time = try TimeSpan(parsing: text).duration } catch {
                throw BadValue("\(shown) is no time: \(error)")
            }
            guard range.contains(time) else {
                throw BadValue("\(shown) is not from \(range.lowerBound) to \(range.upperBound)")
            }
            return time
        }
    }
}

extension SettingKind where Value == Bool {
    static var flag: Self {
        SettingKind(wanted: "true or false") { text in
            switch text.lowercased() {
            case "true", "yes", "on", "1": true
            case "false", "no", "off", "0": false
            default: nil
            }
        }
    }
}

extension SettingKind where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of some words.
    static var word: Self {
        let words = Value.allCases.map(\.rawValue)
        return SettingKind(wanted: "one of \(words.joined(separator: ", "))") { Value(rawValue: $0) }
    }
}

extension SettingKind where Value == Int? {
    /// `off`, which is nil, or a number.
    static var port: Self {
        let number = SettingKind<Int>.whole(0...65535)
        return SettingKind { text throws(BadValue) in
            if text == "off" { return nil }
            guard let value = try? number.parse(text) else {
                throw BadValue("\(BadValue.quoted(text)) is not off or a whole number from 0 to 65535")
            }
            return value
        }
    }

    /// `auto`, which is nil, or a number.
    static func auto(_ range: ClosedRange<Int>) -> Self {
        let number = SettingKind<Int>.whole(range)
        return SettingKind { text throws(BadValue) in
            if text == "auto" { return nil }
            guard let value = try? number.parse(text) else {
                throw BadValue(
                    "\(BadValue.quoted(text)) is not auto or a whole number from \(range.lowerBound) "
                        + "to \(range.upperBound)")
            }
            return value
        }
    }
}

extension SettingKind where Value == Logger.Level {
    static var level: Self {
        SettingKind(wanted: "one of trace, debug, info, notice, warning, error, critical") { text in
            let word = text.lowercased()
            return Logger.Level(rawValue: word == "warn" ? "warning" : word)
        }
    }
}

extension SettingKind where Value == QueueOrder {
    static var queues: Self {
        SettingKind { text throws(BadValue) in
            do throws(QueueOrder.Refusal) { return try QueueOrder(parsing: text) } catch {
                throw BadValue("\(error)")
            }
        }
    }
}

extension SettingKind where Value == Set<ServerRisk> {
    /// `eviction,replica`, `all`, `none`.
    static var risks: Self {
        SettingKind(wanted: "all, none, or some of \(ServerRisk.names), with commas") { text in
            if text == "all" { return ServerRisk.all }
            if text == "none" { return [] }
            let words = text.split(separator: ",", omittingEmptySubsequences: false)
            let risks = words.compactMap { ServerRisk(rawValue: $0.trimmingPrefix { $0 == " " }.description) }
            return risks.count == words.count ? Set(risks) : nil
        }
    }
}

extension ServerRisk {
    /// All of them, for people.
    static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

extension SettingKind where Value == Secret {
    /// An address of Redis. No message repeats any part of it.
    static var redisURL: Self {
        SettingKind { text throws(BadValue) in
            do throws(RedisURLError) { _ = try RedisConfiguration(url: text) } catch { throw BadValue("\(error)") }
            return Secret(text)
        }
    }
}

extension SettingKind where Value == String {
    static var text: Self { SettingKind { text throws(BadValue) in text } }
}
