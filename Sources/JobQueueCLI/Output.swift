import Foundation

/// Results go to standard output, everything else to standard error, each in one write.
enum Output {
    static func print(_ text: String) { write(text + "\n", to: FileHandle.standardOutput) }
    static func error(_ text: String) { write(text + "\n", to: FileHandle.standardError) }

    /// Values as JSON, one document.
    static func json(_ value: some Encodable) throws { print(String(decoding: try encode(value), as: UTF8.self)) }

    /// Keys in order, and in the form that the wire has, such as `due_ms`.
    static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }

    /// A reader that went away (`| head`) is no error of ours.
    private static func write(_ text: String, to handle: FileHandle) { try? handle.write(contentsOf: Data(text.utf8)) }
}
