import Foundation
import JobModel
import Synchronization

/// Results go to standard output, everything else to standard error, each in one write.
enum Output {
    /// Throws when it cannot be written: a script that reads an id must not take silence for success.
    static func print(_ text: String) throws(Failure) {
        guard let code = write(text + "\n", to: STDOUT_FILENO) else { return }
        let excerpt = Printable.oneLine(text, limit: 80)
        throw Failure(
            .cannotWrite, "cannot write \"\(excerpt)\" to standard output: \(String(cString: strerror(code)))")
    }

    private static let readerLeft = Atomic(false)
    /// Whoever read standard output went away, as `head` does: who goes on printing for ever should not.
    static var isUnread: Bool { readerLeft.load(ordering: .relaxed) }

    /// The same, and asks: for those who may have nothing to print for long.
    static var isUnreadNow: Bool {
        var stream = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        return isUnread || poll(&stream, 1, 0) == 1 && stream.revents & Int16(POLLERR | POLLHUP) != 0
    }

    /// Nothing can ever be printed: standard output was closed before the program began, or is open for reading only.
    static var isClosed: Bool {
        let flags = fcntl(STDOUT_FILENO, F_GETFL)
        return flags == -1 || flags & O_ACCMODE == O_RDONLY || !isStream(STDOUT_FILENO)
    }

    /// Where a stream was closed before the program began, a descriptor of Swift's runtime may be: it has no type.
    private static func isStream(_ descriptor: Int32) -> Bool {
        var facts = stat()
        return fstat(descriptor, &facts) == 0 && facts.st_mode & S_IFMT != 0
    }

    /// Nobody is left to tell when this fails.
    static func error(_ text: String) { _ = write(text + "\n", to: STDERR_FILENO) }

    /// The one line that a failed command says. What is in it may come from anybody.
    /// Behind what is logged, and waiting no longer than a second for a reader.
    static func failure(_ message: String) {
        LogSink.standardError.write("queue-worker: \(Printable.oneLine(message))") { _ in "" }
        LogSink.standardError.flush(within: .seconds(1))
    }

    /// Something that does not keep a command from doing what it was asked.
    static func warning(_ message: String) { failure("warning: \(message)") }

    /// Values as JSON, one document.
    static func json(_ value: some Encodable) throws { try print(try encode(value)) }

    /// Keys in order, and in the form that the wire has, such as `due_ms`.
    static func encode(_ value: some Encodable, pretty: Bool = true) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
        return Printable.json(StoredJSON.embed(in: String(decoding: try encoder.encode(value), as: UTF8.self)))
    }

    /// Fills the places of standard streams that are closed (`>&-`), else the connection to Redis would take one of them,
    /// and Redis would be sent what is printed. Writing there fails as it would without.
    static func holdClosedStreams() {
        for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(stream, F_GETFD) == -1 {
            _ = open("/dev/null", O_RDONLY)
        }
    }

    /// Answers the error's number, or nil. A reader that went away (`| head`) is no error of ours.
    private static func write(_ text: String, to stream: Int32) -> Int32? {
        guard isStream(stream) else { return EBADF }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Foundation.write(stream, $0.baseAddress, $0.count) }
            if count >= 0 {
                bytes = bytes.dropFirst(count)
            } else if errno == EPIPE {
                if stream == STDOUT_FILENO { readerLeft.store(true, ordering: .relaxed) }
                return nil
            } else if errno != EINTR {
                return errno
            }
        }
        return nil
    }
}

/// A stored text that is JSON by itself. In a printed document it stands as it is: numbers keep their digits, objects
/// their order. A text that is no JSON stands there as a string.
struct StoredJSON: Encodable, Equatable {
    var text: String

    init(_ bytes: ArraySlice<UInt8>) { text = String(decoding: bytes, as: UTF8.self) }

    /// Tells these texts from all others while the encoder knows them as strings only.
    private static let mark = UUID().uuidString

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        do throws(JSONScanner.Failure) {
            try JSONScanner.validate(Array(text.utf8))
        } catch { return try container.encode(text) }
        try container.encode(Self.mark + text + Self.mark)
    }

    /// Puts the texts in the place of the strings that stand for them.
    static func embed(in document: String) -> String {
        let parts = document.components(separatedBy: mark)
        return parts.enumerated().map { index, part in
            guard index.isMultiple(of: 2) else {
                return Array("\"\(part)\"".utf8).withUnsafeBufferPointer { JSONReader.string($0) } ?? "null"
            }
            // Without the quotes of the strings beside it.
            return String(part.dropFirst(index > 0 ? 1 : 0).dropLast(index < parts.count - 1 ? 1 : 0))
        }.joined()
    }
}
