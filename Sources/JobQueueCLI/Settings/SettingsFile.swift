import JobModel

/// A configuration file, sorted: values of settings by key, handlers, and what makes no sense.
struct SettingsFile: Sendable {
    struct Entry: Sendable, Equatable {
        var value: TextLayer.Value
        var line: Int
    }

    /// By key, those of `app` included.
    private(set) var entries: [String: Entry] = [:]
    /// The section `handlers`, unread.
    private(set) var handlers: [YAMLTree.Pair] = []
    private(set) var problems: [SettingsProblem] = []
    let name: String

    /// The section that belongs to whoever writes handlers: nothing in it is unknown.
    static let ownSection = "app"

    init(name: String, text: String) {
        self.name = name
        do throws(BadValue) { read(try YAMLTree(parsing: text)) } catch {
            problems.append(SettingsProblem(message: "\(name): \(error.description)"))
        }
    }

    private mutating func read(_ root: YAMLTree) {
        let known = Set(Settings.all.map { $0.key.split(separator: ".").first.map(String.init) ?? "" })
        for section in pairs(root, nil) {
            switch section.key {
            case "handlers": handlers = pairs(section.value, "handlers")
            case Self.ownSection: readOwn(section.value, Self.ownSection)
            case let name where known.contains(name): readKnown(section)
            default:
                let hint = Nearest.hint(for: section.key, among: known.union(["handlers", Self.ownSection]).sorted())
                refuse(
                    section.line, "unknown section \"\(Printable.oneLine(section.key, limit: 60))\"\(hint)",
                    in: section.key)
            }
        }
    }

    private mutating func readKnown(_ section: YAMLTree.Pair) {
        let known = Settings.all.map(\.key).filter { $0.hasPrefix(section.key + ".") }
        for pair in pairs(section.value, section.key) {
            let key = "\(section.key).\(pair.key)"
            guard known.contains(key) else {
                let names = known.map { String($0.dropFirst(section.key.count + 1)) }
                let hint = Nearest.hint(for: pair.key, among: names)
                refuse(
                    pair.line, "unknown key \"\(Printable.oneLine(key, limit: 80))\"\(hint)", in: section.key)
                continue
            }
            guard let text = Self.text(of: pair.value, key) else {
                refuse(pair.line, "\(key): write a single value", in: section.key)
                continue
            }
            entries[key] = Entry(value: .text(text), line: pair.line)
        }
    }

    /// As an option would have it. The order of queues may also be a list, or a map with weights; risks may be a list.
    private static func text(of tree: YAMLTree, _ key: String) -> String? {
        let isQueues = key == Settings.queues.key
        switch tree.content {
        case .text(let text): return text
        case .nothing: return ""
        case .list(let list) where isQueues || key == Settings.allow.key:
            let names = list.compactMap(\.text)
            return names.count == list.count ? names.joined(separator: ",") : nil
        case .map(let pairs) where isQueues:
            let weights = pairs.compactMap { pair in pair.value.text.map { "\(pair.key)=\($0)" } }
            return weights.count == pairs.count ? weights.joined(separator: ",") : nil
        case .list, .map: return nil
        }
    }

    private mutating func readOwn(_ tree: YAMLTree, _ key: String) {
        switch tree.content {
        case .nothing: break
        case .text(let text): entries[key] = Entry(value: .text(text), line: tree.line)
        case .list(let list):
            let texts = list.compactMap(\.text)
            guard texts.count == list.count else {
                return refuse(tree.line, "\(key): a list may have single values only", in: Self.ownSection)
            }
            entries[key] = Entry(value: .list(texts), line: tree.line)
        case .map(let pairs): for pair in pairs { readOwn(pair.value, "\(key).\(pair.key)") }
        }
    }

    /// Keys and values of a section, or of the file.
    private mutating func pairs(_ tree: YAMLTree, _ section: String?) -> [YAMLTree.Pair] {
        switch tree.content {
        case .nothing: return []
        case .map(let pairs): return pairs
        case .text, .list:
            let what = section ?? "the file"
            refuse(tree.line, "\(what): expected keys with values, as in \"concurrency: 10\"", in: section)
            return []
        }
    }

    private mutating func refuse(_ line: Int, _ message: String, in section: String?) {
        problems.append(SettingsProblem(message: "\(name):\(line): \(message)", section: section))
    }
}

extension YAMLTree {
    /// The text, where there is nothing but one.
    var text: String? {
        if case .text(let text) = content { text } else { nil }
    }
}
