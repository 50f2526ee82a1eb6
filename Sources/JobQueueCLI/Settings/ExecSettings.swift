import JobModel
import JobQueueExec

// The section `handlers` of a configuration file.
extension SettingsReader {
    /// The handlers that the file describes. What is wrong with one is a problem, and it is left out.
    mutating func handlers() -> [(name: String, handler: ExecHandler)] {
        guard let file = sources.file else { return [] }
        return file.handlers.compactMap { pair in
            var section = HandlerSection(file: file.name, pair)
            let handler = section.handler()
            for problem in section.problems { refuse(problem) }
            return handler.map { (pair.key, $0) }
        }
    }
}

/// One handler, as it is read: `image.resize: {exec: [/usr/local/bin/resize, --fast], grace: 10s}`.
struct HandlerSection {
    let file: String
    let name: String
    let line: Int
    private var fields: [String: YAMLTree] = [:]
    private(set) var problems: [String] = []

    private static let known = [
        "exec", "directory", "environment", "inherit", "input", "grace", "pause", "max_result_bytes", "max_log_bytes",
        "max_memory_bytes", "max_cpu_time",
    ]

    init(file: String, _ pair: YAMLTree.Pair) {
        (self.file, line) = (file, pair.line)
        name = Printable.oneLine(pair.key, limit: 80)
        guard Names.isName(pair.key) else {
            refuse(line, "a job name has 1 to 64 of the characters A-Z a-z 0-9 ._-")
            return
        }
        guard case .map(let pairs) = pair.value.content else {
            refuse(line, "expected keys with values, as in \"exec: /usr/local/bin/resize\"")
            return
        }
        for field in pairs {
            if Self.known.contains(field.key) {
                fields[field.key] = field.value
            } else {
                let hint = Nearest.hint(for: field.key, among: Self.known)
                refuse(field.line, "unknown key \"\(Printable.oneLine(field.key, limit: 60))\"\(hint)")
            }
        }
    }

    /// Nil when there were problems.
    mutating func handler() -> ExecHandler? {
        guard problems.isEmpty else { return nil }
        var handler = ExecHandler(command: command())
        handler.directory = text("directory")
        handler.environment = environment()
        handler.inherited = words("inherit")
        if let input = value("input", SettingKind<ExecHandler.Input>.word) { handler.input = input }
        let day = Duration.zero ... .seconds(86_400)
        if let grace = value("grace", .time(day)) { handler.grace = grace }
        if let pause = value("pause", .time(day)) { handler.pause = pause }
        if let limit = value("max_result_bytes", .bytes(0...(64 << 20))) { handler.maxResultBytes = limit }
        if let limit = value("max_log_bytes", .bytes(0...(1 << 30))) { handler.maxLogBytes = limit }
        handler.maxMemoryBytes = value("max_memory_bytes", .bytes((1 << 20)...(1 << 50)))
        handler.maxCPUTime = value("max_cpu_time", .time(.seconds(1) ... .seconds(86_400)))
        guard !handler.command.isEmpty else { return nil }
        do throws(ExecProblem) { try handler.check() } catch { refuse(line, "\(error)") }
        return problems.isEmpty ? handler : nil
    }

    /// A list, or a text that is split at its spaces and nothing else.
    private mutating func command() -> [String] {
        guard let tree = fields["exec"] else {
            refuse(line, "what is to be run is missing: add \"exec: /path/to/program\"")
            return []
        }
        guard case .text(let text) = tree.content else {
            if case .list([]) = tree.content { refuse(tree.line, "the command is empty") }
            return words("exec")
        }
        do throws(BadValue) { return try ExecOption.words(of: text) } catch { refuse(tree.line, error.description) }
        return []
    }

    private mutating func environment() -> [String: String] {
        guard let tree = fields["environment"] else { return [:] }
        guard case .map(let pairs) = tree.content else {
            refuse(tree.line, "environment: expected names with values, as in \"LEVEL: fast\"")
            return [:]
        }
        var variables: [String: String] = [:]
        for pair in pairs {
            guard let text = pair.value.text else {
                refuse(pair.line, "environment: \(Printable.oneLine(pair.key, limit: 60)) needs a single value")
                continue
            }
            variables[pair.key] = text
        }
        return variables
    }

    private mutating func words(_ key: String) -> [String] {
        guard let tree = fields[key] else { return [] }
        if case .list(let list) = tree.content {
            let texts = list.compactMap(\.text)
            if texts.count == list.count { return texts }
        }
        refuse(tree.line, "\(key): expected a list of texts")
        return []
    }

    private mutating func text(_ key: String) -> String? {
        guard let tree = fields[key] else { return nil }
        if tree.text == nil { refuse(tree.line, "\(key): expected a single value") }
        return tree.text
    }

    private mutating func value<Value>(_ key: String, _ kind: SettingKind<Value>) -> Value? {
        guard let tree = fields[key], let text = text(key) else { return nil }
        do throws(BadValue) { return try kind.parse(text) } catch { refuse(tree.line, "\(key): \(error.description)") }
        return nil
    }

    private mutating func refuse(_ line: Int, _ message: String) {
        problems.append("\(file):\(line): handlers.\(name): \(message)")
    }
}
