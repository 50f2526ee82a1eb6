import Configuration
import Foundation
import JobModel

/// Where settings come from, first to last: options, environment, `.env` file, secret files, configuration file.
struct SettingSources: Sendable {
    /// A value as it was written, and where.
    struct Found: Equatable {
        var text: String
        /// For people: `--queues`, `QUEUE_QUEUES`, `queue.yaml:3`.
        var origin: String
        var isOption = false
    }

    /// Which files to read, and what there is besides.
    struct Request {
        /// By key.
        var options: [String: String] = [:]
        var environment: [String: String] = ProcessInfo.processInfo.environment
        /// Must exist if it is named; else `queue.yaml` where the command runs, if there is one.
        var file: String?
        /// Must exist if it is named.
        var envFile: String?
        /// Read if it is there.
        var optionalEnvFile: String?
    }

    static let standardFile = "queue.yaml"
    static let fileVariable = "QUEUE_CONFIG"
    private static let largest = 1 << 20

    let options: [String: String]
    let environment: [String: String]
    private(set) var envFile: (name: String, variables: [String: String])?
    let secrets: SecretFolder
    private(set) var file: SettingsFile?
    /// What `reader` could not give: most ways of reading answer a default then, and say nothing.
    let troubles = Troubles()
    /// Files that cannot be read or understood.
    private(set) var problems: [SettingsProblem] = []

    init(_ request: Request) {
        options = request.options
        environment = request.environment
        secrets = SecretFolder(environment: environment)
        if let problem = secrets.problem { problems.append(SettingsProblem(message: problem)) }
        readEnvFile(request)
        let named = request.file ?? environment[Self.fileVariable].flatMap { $0.isEmpty ? nil : $0 }
        let path = named ?? Self.standardFile
        if let text = read(path, mustExist: named != nil) {
            let file = SettingsFile(name: Printable.oneLine(path, limit: 200), text: text)
            problems += file.problems
            self.file = file
        }
    }

    private mutating func readEnvFile(_ request: Request) {
        guard let path = request.envFile ?? request.optionalEnvFile,
            let text = read(path, mustExist: request.envFile != nil)
        else { return }
        let name = Printable.oneLine(path, limit: 200)
        do throws(BadValue) { envFile = (name, try DotEnv.parse(text)) } catch {
            problems.append(SettingsProblem(message: "\(name): \(error.description)"))
        }
    }

    /// The text of a file; nil, and a problem, when there is none to be had.
    private mutating func read(_ path: String, mustExist: Bool) -> String? {
        do throws(BadValue) {
            if let text = try Self.contents(of: path, limit: Self.largest) { return text }
            if mustExist { throw BadValue("there is no such file") }
        } catch {
            problems.append(SettingsProblem(message: "\(Printable.oneLine(path, limit: 200)): \(error.description)"))
        }
        return nil
    }

    /// Nil when there is no such file.
    static func contents(of path: String, limit: Int) throws(BadValue) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw BadValue("cannot be read: \(String(cString: strerror(errno)))")
        }
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
        // The usual way to say "none".
        if path == "/dev/null" { return "" }
        // A pipe could be read once only, and the process of an isolated handler reads again what the worker has read.
        var facts = stat()
        guard fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { throw BadValue("is not a file") }
        let data = (try? handle.read(upToCount: limit + 1)) ?? Data()
        guard data.count <= limit else { throw BadValue("is larger than \(limit) bytes") }
        guard let text = String(validating: data, as: UTF8.self) else { throw BadValue("is not text in UTF-8") }
        return text
    }

    // MARK: - Values

    /// The first source that has something. An empty variable counts as unset: that is how a shell unsets one for a child.
    func find(_ setting: some SettingDescription) throws(BadValue) -> Found? {
        if let text = options[setting.key] {
            return Found(text: text, origin: setting.option, isOption: true)
        }
        if let text = environment[setting.variable], !text.isEmpty {
            return Found(text: text, origin: setting.variable)
        }
        if let envFile, let text = envFile.variables[setting.variable], !text.isEmpty {
            return Found(text: text, origin: "\(setting.variable) in \(envFile.name)")
        }
        if let secret = try secrets.read(setting.key) { return Found(text: secret.text, origin: secret.path) }
        if let file, let entry = file.entries[setting.key], case .text(let text) = entry.value {
            return Found(text: text, origin: "\(file.name):\(entry.line)")
        }
        return nil
    }

    /// The same sources for handlers that have settings of their own, with swift-configuration.
    var reader: ConfigReader {
        let (options, secrets, entries) = (options, secrets, file?.entries ?? [:])
        let variables = (envFile?.variables ?? [:]).filter { !$0.value.isEmpty }
        return ConfigReader(providers: [
            TextLayer("options", troubles) { key in options[key].map { .text($0) } },
            EnvironmentVariablesProvider(environmentVariables: environment.filter { !$0.value.isEmpty }),
            EnvironmentVariablesProvider(environmentVariables: variables),
            TextLayer("secret files", troubles, isSecret: true) { key throws(BadValue) in
                try secrets.read(key).map { .text($0.text) }
            },
            TextLayer(file?.name ?? Self.standardFile, troubles) { key in entries[key]?.value },
        ])
    }

    /// Variables that look like ours and are none: nobody would ever hear of the typing error.
    var strangers: [String] {
        let ours = Settings.all.map(\.variable)
        // The last is everybody's.
        let known = ours + [Self.fileVariable, SecretFolder.variable, "HTTP_PROXY"]
        // QUEUE_REDIS_URL is an obvious guess.
        let guesses = Dictionary(uniqueKeysWithValues: ours.map { ("QUEUE_" + $0, $0) })
        let sections = Set(ours.map { $0.prefix { $0 != "_" } + "_" })
        let found = Set(environment.keys).union(envFile?.variables.keys.map { $0 } ?? [])
        let unread = found.sorted().filter { name in sections.contains { name.hasPrefix($0) } && !known.contains(name) }
        let typos = unread.compactMap { name in
            (guesses[name] ?? Nearest.word(to: name, among: known)).map {
                "\(Printable.oneLine(name, limit: 80)) is not read; did you mean \($0)?"
            }
        }
        let misplaced = [Self.fileVariable, SecretFolder.variable].filter { envFile?.variables[$0] != nil }
        return typos + misplaced.map { "\($0) is read from the environment only, not from \(envFile?.name ?? "")" }
    }
}
