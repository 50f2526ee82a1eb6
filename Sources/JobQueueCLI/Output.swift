import Foundation

/// Results go to standard output, everything else to standard error, each in one write.
enum Output {
    static func print(_ text: String) { write(text + "\n", to: FileHandle.standardOutput) }
    static func error(_ text: String) { write(text + "\n", to: FileHandle.standardError) }

    /// Values as JSON, keys in order, one document.
    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// A reader that went away (`| head`) is no error of ours.
    private static func write(_ text: String, to handle: FileHandle) { try? handle.write(contentsOf: Data(text.utf8)) }
}
