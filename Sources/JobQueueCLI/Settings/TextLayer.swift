import Configuration
import JobModel
import Synchronization

/// A source of settings that knows them as texts: options, a file, secrets. For whoever reads with swift-configuration, it
/// turns them into what is asked for.
struct TextLayer: ConfigProvider {
    /// A value as it was written.
    enum Value: Sendable, Equatable {
        case text(String)
        case list([String])
    }

    let providerName: String
    private let isSecret: Bool
    private let troubles: Troubles
    private let find: @Sendable (_ key: String) throws(BadValue) -> Value?

    init(
        _ name: String, _ troubles: Troubles, isSecret: Bool = false,
        _ find: @escaping @Sendable (_ key: String) throws(BadValue) -> Value?
    ) {
        providerName = name
        self.isSecret = isSecret
        self.troubles = troubles
        self.find = find
    }

    func value(forKey key: AbsoluteConfigKey, type: ConfigType) throws -> LookupResult {
        let name = key.components.joined(separator: ".")
        do throws(BadValue) {
            guard let value = try find(name) else { return LookupResult(encodedKey: name, value: nil) }
            guard let content = Self.content(value, type) else {
                throw BadValue("\(Printable.oneLine(name, limit: 80)) in \(providerName) is not of the type \(type)")
            }
            return LookupResult(encodedKey: name, value: ConfigValue(content, isSecret: isSecret))
        } catch {
            troubles.note(error.description)
            throw error
        }
    }

    private static func content(_ value: Value, _ type: ConfigType) -> ConfigContent? {
        switch (type, value) {
        case (.string, .text(let text)): .string(text)
        case (.int, .text(let text)): Int(text).map { .int($0) }
        case (.double, .text(let text)): Double(text).map { .double($0) }
        case (.bool, .text(let text)): (try? SettingKind<Bool>.flag.parse(text)).map { .bool($0) }
        case (.bytes, .text(let text)): .bytes(Array(text.utf8))
        case (.stringArray, .list(let list)): .stringArray(list)
        case (.stringArray, .text(let text)):
            .stringArray(text.split(separator: ",").map { String($0.trimmingPrefix { $0 == " " }) })
        case (.intArray, .list(let list)): all(list, Int.init).map { .intArray($0) }
        case (.doubleArray, .list(let list)): all(list, Double.init).map { .doubleArray($0) }
        default: nil
        }
    }

    private static func all<T>(_ list: [String], _ parse: (String) -> T?) -> [T]? {
        let values = list.compactMap(parse)
        return values.count == list.count ? values : nil
    }

    nonisolated(nonsending) func fetchValue(
        forKey key: AbsoluteConfigKey, type: ConfigType
    ) async throws -> LookupResult {
        try value(forKey: key, type: type)
    }

    nonisolated(nonsending) func watchValue<Return: ~Copyable>(
        forKey key: AbsoluteConfigKey, type: ConfigType,
        updatesHandler:
            nonisolated(nonsending) (ConfigUpdatesAsyncSequence<Result<LookupResult, any Error>, Never>)
            async throws -> Return
    ) async throws -> Return {
        try await watchValueFromValue(forKey: key, type: type, updatesHandler: updatesHandler)
    }

    func snapshot() -> any ConfigSnapshot { Snapshot(layer: self) }

    nonisolated(nonsending) func watchSnapshot<Return: ~Copyable>(
        updatesHandler:
            nonisolated(nonsending) (ConfigUpdatesAsyncSequence<any ConfigSnapshot, Never>)
            async throws -> Return
    ) async throws -> Return {
        try await watchSnapshotFromSnapshot(updatesHandler: updatesHandler)
    }

    /// Nothing changes under a reader, so this is the layer itself.
    private struct Snapshot: ConfigSnapshot {
        let layer: TextLayer
        var providerName: String { layer.providerName }

        func value(forKey key: AbsoluteConfigKey, type: ConfigType) throws -> LookupResult {
            try layer.value(forKey: key, type: type)
        }
    }
}

/// What could not be read although it is there.
final class Troubles: Sendable {
    private let messages = Mutex<[String]>([])

    func note(_ message: String) {
        messages.withLock { if !$0.contains(message) { $0.append(message) } }
    }

    var all: [String] { messages.withLock { $0 } }
}
