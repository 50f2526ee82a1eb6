import JobModel
import Redis

/// Every setting as it is now, fit to be shown: for `config show`.
struct SettingsSheet {
    struct Line: Encodable, Equatable {
        var key: String
        var value: String
        /// `default`, or where it was written.
        var source: String
    }

    let lines: [Line]

    init(_ sources: SettingSources) {
        lines =
            Settings.all.map { Self.line($0, sources) }
            + (sources.file.map { file in
                file.handlers.map { pair in
                    let words = Self.words(of: pair.value)
                    return Line(key: "handlers.\(pair.key)", value: words, source: "\(file.name):\(pair.line)")
                }
            } ?? [])
    }

    var text: String {
        let rows =
            [["SETTING", "VALUE", "FROM"]]
            + lines.map { [$0.key, $0.value, $0.source].map { Printable.oneLine($0, limit: 200) } }
        let widths = (0..<2).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            zip(row, widths).map { $0 + String(repeating: " ", count: $1 + 2 - $0.count) }.joined() + row[2]
        }.joined(separator: "\n")
    }

    private static func line(_ setting: any SettingDescription, _ sources: SettingSources) -> Line {
        do throws(BadValue) {
            guard let found = try sources.find(setting) else {
                return Line(key: setting.key, value: setting.fallback, source: "default")
            }
            return Line(key: setting.key, value: shown(found.text, setting), source: found.origin)
        } catch { return Line(key: setting.key, value: "(unknown)", source: error.description) }
    }

    /// Of the address of Redis, what is no secret.
    private static func shown(_ text: String, _ setting: any SettingDescription) -> String {
        guard setting.isSecret || text.contains("://") else { return text }
        return (try? RedisConfiguration(url: text).redactedURL) ?? "\(Secret(text))"
    }

    /// The command of a handler, as far as it can be read.
    private static func words(of tree: YAMLTree) -> String {
        guard case .map(let pairs) = tree.content, let exec = pairs.first(where: { $0.key == "exec" }) else {
            return "(no command)"
        }
        if case .list(let list) = exec.value.content { return list.compactMap(\.text).joined(separator: " ") }
        return exec.value.text ?? "(no command)"
    }
}
