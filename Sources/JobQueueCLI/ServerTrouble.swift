import Foundation
import JobQueueExec

/// Why the private Redis did not start, or did not stay, in one line: what it said last, or what that means.
enum ServerTrouble {
    static func failure(
        _ end: Companion.End, program: String, wasReady: Bool, port: Int, log: String, path: String
    )
        -> Failure
    {
        let log = log.split(separator: "\n").map { entry($0) }
        let said = log.map(\.text)
        if !wasReady, port > 0, let bind = said.last(where: { $0.contains("listening socket 127.0.0.1") }) {
            let reason = bind.firstRange(of: "bind: ").map { bind[$0.upperBound...] } ?? "Address already in use"
            let problem = reason == "Address already in use" ? "is taken" : "cannot be had (\(reason))"
            return Failure(.unreachable, "port \(port) of 127.0.0.1 \(problem): name another with --port")
        }
        var line = "\(program) \(wasReady ? "has ended" : "does not start") (\(how(end)))"
        // Who is killed at work has said nothing about it.
        let ready = log.lastIndex { $0.text.contains("Ready to accept connections") }.map { log.index(after: $0) }
        let last =
            log[(wasReady ? ready ?? 0 : 0)...].last { $0.isWarning || !wasReady }?.text ?? end.errors.split(
                separator: "\n"
            ).last.map(String.init)
            ?? ""
        if !last.isEmpty { line += ": " + last }
        line += "; its log: \(ShellWord.quote(path))"
        if said.contains(where: { $0.contains("append only file") && $0.contains("Bad file format") }) {
            line += "; --fresh begins without the data"
        }
        let isFull = said.contains { $0.contains("No space left on device") }
        return Failure(isFull ? .cannotWrite : .unreachable, line)
    }

    private static func how(_ end: Companion.End) -> String {
        if let signal = end.signal { return "signal \(signal)" }
        return "exit code \(end.code ?? -1)"
    }

    /// A line of the log, without process, time and level: `12:M 21 Nov 2026 12:00:00.000 # Out of memory`.
    static func entry(_ line: Substring) -> (isWarning: Bool, text: String) {
        let words = line.split(separator: " ", maxSplits: 6)
        guard words.count == 7, words[0].contains(":"), words[5].count == 1 else { return (false, String(line)) }
        return (words[5] == "#", String(words[6]))
    }
}
