import JobModel
import Logging

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What a child writes to stderr, taken apart into lines: each is logged, some are instructions, the last ones explain a
/// failure. A value without I/O.
struct ErrorStream: Sendable {
    struct Line: Equatable, Sendable {
        var level = Logger.Level.info
        var text: String
        var fields: [String: String] = [:]
    }

    /// Longest line, in bytes; what is longer is cut.
    static let lineLimit = 4096
    /// How much of the end is kept for error messages.
    static let tailLines = 20
    static let tailBytes = 2000

    private var allowance: Int
    private let isPlain: Bool
    private let lineLimit: Int
    private var line: [UInt8] = []
    /// Bytes of the present line, those cut off included.
    private var lineLength = 0
    /// The last lines, as they were written.
    private var last: [[UInt8]] = []
    /// Bytes that were read and not logged.
    private(set) var dropped = 0
    /// What the child asked for, ms.
    private(set) var retryAfter: Int?

    /// Logs up to `limit` bytes. In a plain stream no line is an instruction, lines may be long, and those that a worker logs
    /// are not kept: they are about other jobs as well. Nor are the lines of a stack.
    init(limit: Int, isPlain: Bool = false) {
        allowance = limit
        self.isPlain = isPlain
        lineLimit = isPlain ? 16 * Self.lineLimit : Self.lineLimit
    }

    /// Takes what was read. Calls `log` with each line that is complete.
    mutating func take(_ bytes: UnsafeRawBufferPointer, _ log: (Line) -> Void) {
        var start = 0
        while start < bytes.count, let base = bytes.baseAddress,
            let end = memchr(base + start, Int32(UInt8(ascii: "\n")), bytes.count - start)
        {
            let end = UnsafeRawPointer(end) - base
            append(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            endLine(log)
            start = end + 1
        }
        append(UnsafeRawBufferPointer(rebasing: bytes[start...]))
    }

    /// No more will come: a last line may lack its end.
    mutating func end(_ log: (Line) -> Void) {
        if lineLength > 0 { endLine(log) }
    }

    /// The last lines, bounded, with an ellipsis where something before them is missing.
    var tail: String {
        var size = 0
        let lines = last.reversed().prefix { line in
            size += line.count + 1
            return size <= Self.tailBytes
        }
        guard let newest = last.last else { return "" }
        // One line alone may be longer than all may be.
        if lines.isEmpty { return String(decoding: newest.prefix(Self.tailBytes), as: UTF8.self) + "…" }
        return lines.reversed().map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        lineLength += bytes.count
        let room = min(bytes.count, lineLimit - line.count)
        if room > 0 { line.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[..<room])) }
    }

    private mutating func endLine(_ log: (Line) -> Void) {
        defer {
            line.removeAll(keepingCapacity: true)
            lineLength = 0
        }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        let read = read()
        if !line.isEmpty, !isPlain || !(isLogLine || isFrame) {
            if last.count == Self.tailLines { last.removeFirst() }
            last.append(Array(line.prefix(Self.lineLimit)))
        }
        allowance -= lineLength
        if allowance < 0 {
            dropped += lineLength
        } else if !line.isEmpty {
            log(read)
        }
    }

    /// An object, or a text that begins with a time.
    private var isLogLine: Bool {
        line.first == UInt8(ascii: "{")
            || (line.count > 10 && line[4] == UInt8(ascii: "-") && line[7] == UInt8(ascii: "-")
                && line[10] == UInt8(ascii: "T"))
    }

    /// One of the stack that Swift's runtime prints behind some of its messages, `12   libc.so.6   0x00007fd4ac6a71f5 …`: twenty
    /// of them would push the message itself out. Or the line above them.
    private var isFrame: Bool {
        if line.elementsEqual("Current stack trace:".utf8) { return true }
        let words = line.split(separator: UInt8(ascii: " "), maxSplits: 3)
        return words.count > 2 && words[0].allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            && words[2].starts(with: "0x".utf8)
    }

    /// A line that is a JSON object may say how it is meant.
    private mutating func read() -> Line {
        let cut = lineLength > lineLimit ? "…" : ""
        var answer = Line(text: String(decoding: line, as: UTF8.self) + cut)
        guard !isPlain, line.first == UInt8(ascii: "{"), line.last == UInt8(ascii: "}") else { return answer }
        var wait: Int?
        let isObject = line.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            return
                (try? scanner.object { key, range in
                    let value = UnsafeBufferPointer(rebasing: buffer[range])
                    switch String(decoding: key, as: UTF8.self) {
                    case "message": answer.text = JSONReader.string(value) ?? answer.text
                    case "level": answer.level = JSONReader.string(value).flatMap(Self.level) ?? answer.level
                    case "metadata": answer.fields = JSONReader.map(value) ?? [:]
                    case "retry_after_ms": wait = JSONReader.int(value)
                    default: break
                    }
                }) != nil
        }
        guard isObject else { return Line(text: String(decoding: line, as: UTF8.self)) }
        if let wait, wait >= 0 { retryAfter = wait }
        return answer
    }

    /// The words of common loggers.
    private static func level(_ word: String) -> Logger.Level? {
        switch word.lowercased() {
        case "warn": .warning
        case "fatal": .critical
        case let word: Logger.Level(rawValue: word)
        }
    }
}

extension ErrorStream.Line {
    /// What a child says of its job is no news, and may be wrong. Nor does it hide what the logger says already.
    static let ours: Set = ["job_id", "job_name", "queue", "attempt"]

    func log(to logger: Logger) {
        var metadata: Logger.Metadata = [:]
        for (key, value) in fields where !Self.ours.contains(key) && logger[metadataKey: key] == nil {
            metadata[Printable.oneLine(key, limit: 100)] = "\(Printable.oneLine(value))"
        }
        logger.log(level: level, "\(Printable.oneLine(text))", metadata: metadata.isEmpty ? nil : metadata)
    }
}

extension ErrorStream {
    func logDropped(to logger: Logger) {
        guard dropped > 0 else { return }
        logger.warning("\(dropped) bytes of stderr are not logged: more than the limit of the handler")
    }
}
