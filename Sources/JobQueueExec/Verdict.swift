import JobModel
import JobQueueWorker

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What follows from the end of a child. Pure.
enum Verdict: Equatable {
    case result([UInt8])
    /// Succeeded, but what it wrote cannot be kept.
    case omitted(String)
    case failed(String)
    case retry(afterMs: Int, String)
    case permanent(String)
    case later(ms: Int?)
    /// It was told to stop. Whatever it says, its work may be half done.
    case stopped

    /// The exit codes with a meaning of their own; names as in sysexits.h.
    private enum Code {
        static let dataError = 65, tryLater = 75, configurationError = 78
    }

    static func judge(_ end: ChildEnd, maxResultBytes: Int) -> Verdict {
        // Many programs leave with 0 when TERM asks them to: only without it is 0 a promise.
        if end.wasStopped { return .stopped }
        let retryAfter = end.errors.retryAfter.map { min($0, 365 * 86_400_000) }
        switch end.exit {
        case .code(0): return result(of: end, limit: maxResultBytes)
        case .code(Code.tryLater): return .later(ms: retryAfter)
        case .code(Code.dataError), .code(Code.configurationError): return .permanent(message(of: end))
        case .code, .signal:
            if let retryAfter { return .retry(afterMs: retryAfter, message(of: end)) }
            return .failed(message(of: end))
        }
    }

    // MARK: Results

    private static func result(of end: ChildEnd, limit: Int) -> Verdict {
        let output = trimmed(end.output)
        if end.outputBytes > end.output.count || output.count > limit {
            return .omitted("too large: \(end.outputBytes) bytes, the limit is \(limit)")
        }
        if output.isEmpty { return .result(Array("null".utf8)) }
        let bytes = Array(output)
        do throws(JSONScanner.Failure) {
            try JSONScanner.validate(bytes)
            return .result(bytes)
        } catch { return .result(string(bytes)) }
    }

    /// Without the line break that commands end their output with.
    private static func trimmed(_ output: [UInt8]) -> ArraySlice<UInt8> {
        var rest = output[...]
        if rest.last == UInt8(ascii: "\n") { rest.removeLast() }
        if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
        return rest
    }

    /// Text as a JSON string; bytes that are no UTF-8 become U+FFFD.
    private static func string(_ bytes: [UInt8]) -> [UInt8] {
        let object = JSONWriter.object(capacity: bytes.count + 64) {
            $0.field("t", String(decoding: bytes, as: UTF8.self))
        }
        return Array(object.dropFirst(#"{"t":"#.utf8.count).dropLast())
    }

    // MARK: Messages

    private static func message(of end: ChildEnd) -> String {
        let tail = end.errors.tail
        return describe(end.exit) + (tail.isEmpty ? ", with nothing on stderr" : "; stderr ends with:\n\(tail)")
    }

    static func describe(_ exit: ChildEnd.Exit) -> String {
        switch exit {
        case .signal(let number): "killed by \(explained(number))"
        case .code(126): "exit code 126: in a shell, a command that may not be executed"
        case .code(127): "exit code 127: in a shell, a command that was not found"
        case .code(let code) where (129...192).contains(code):
            "exit code \(code): in a shell, a command killed by \(explained(code - 128))"
        case .code(let code): "exit code \(code)"
        }
    }

    /// To be put behind a cause; empty when it is not known.
    static func peak(_ bytes: Int) -> String { bytes > 0 ? "; it had \(max(1, bytes >> 20)) MiB at most" : "" }

    static func explained(_ signal: Int) -> String {
        switch Int32(signal) {
        case SIGKILL: "SIGKILL: out of memory, or kill -9"
        case SIGXCPU: "SIGXCPU: its CPU time is used up"
        default: SignalName.of(signal)
        }
    }
}
