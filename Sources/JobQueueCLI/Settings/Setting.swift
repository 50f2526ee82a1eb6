import JobModel

/// One thing that can be configured: its name, what it may be, and what it is when nobody says anything.
struct Setting<Value: Sendable>: Sendable {
    /// Section and name as in the configuration file: `queue.drain_timeout`.
    let key: String
    /// The value without any source, written as a user would write it.
    let fallback: String
    let kind: SettingKind<Value>
    /// One sentence.
    let help: String
    /// Nobody is shown the value.
    let isSecret: Bool
    /// What it is called on the command line.
    let option: String

    init(
        _ key: String, _ fallback: String, _ kind: SettingKind<Value>, _ help: String, isSecret: Bool = false,
        option: String? = nil
    ) {
        self.key = key
        self.fallback = fallback
        self.kind = kind
        self.help = help
        self.isSecret = isSecret
        self.option = option ?? SettingName.option(of: key)
    }
}

/// What all settings have, whatever they hold.
protocol SettingDescription: Sendable {
    var key: String { get }
    var fallback: String { get }
    var help: String { get }
    var isSecret: Bool { get }
    var option: String { get }
    /// Why this text cannot be the value, or nil.
    func problem(with text: String) -> String?
}

extension Setting: SettingDescription {
    func problem(with text: String) -> String? {
        do throws(BadValue) { _ = try kind.parse(text) } catch { return error.description }
        return nil
    }
}

extension SettingDescription {
    /// The variable of the environment: `QUEUE_DRAIN_TIMEOUT`.
    var variable: String { SettingName.variable(of: key) }
}

/// What a key is called where it cannot be written as it is.
enum SettingName {
    static func variable(of key: String) -> String { file(of: key).uppercased() }
    /// The file of a secret: `redis_url`.
    static func file(of key: String) -> String { key.replacing(".", with: "_") }

    /// The option of the command line: `--drain-timeout`. Of the section `queue` it says nothing there.
    static func option(of key: String) -> String {
        let name = key.hasPrefix("queue.") ? String(key.dropFirst(6)) : key.replacing(".", with: "-")
        return "--" + name.replacing("_", with: "-")
    }
}

/// Why a text cannot be the value of a setting.
struct BadValue: Error {
    let description: String

    init(_ description: String) { self.description = description }

    /// A value for a message: one line, and nothing of what may be an address with a password in the wrong place.
    static func quoted(_ text: String) -> String {
        text.contains("://") ? "<redacted>" : "\"\(Printable.oneLine(text, limit: 60))\""
    }
}
