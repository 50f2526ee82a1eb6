import Foundation
import JobModel
import TerminalDashboard

/// Lets somebody change a payload in the editor of their choice.
enum DashEditor {
    /// The text as JSON without blanks, when it was changed; nil when it was not. The terminal must have been left.
    static func edit(_ text: String, on terminal: DashTerminal) async -> Result<String?, Failure> {
        await terminal.onQueue {
            let path = NSTemporaryDirectory() + "/queue-worker-\(UUID().uuidString).json"
            let isJSON = (try? JSONScanner.validate(Array(text.utf8))) != nil
            let shown = isJSON ? PrettyJSON.lines(text, most: .max).joined(separator: "\n") + "\n" : text
            // For nobody else: payloads may be personal.
            guard
                FileManager.default.createFile(
                    atPath: path, contents: Data(shown.utf8), attributes: [.posixPermissions: 0o600])
            else {
                return .failure(Failure(.cannotWrite, "there is no room for the payload in \(NSTemporaryDirectory())"))
            }
            let result = run(path).flatMap { read(path, before: text) }
            if case .success = result { try? FileManager.default.removeItem(atPath: path) }
            return result
        }
    }

    private static func read(_ path: String, before: String) -> Result<String?, Failure> {
        guard let data = FileManager.default.contents(atPath: path) else {
            return .failure(Failure(.failed, "the editor took \(path) away"))
        }
        let text = String(decoding: data, as: UTF8.self)
        do throws(JSONScanner.Failure) { try JSONScanner.validate(Array(text.utf8)) } catch {
            return .failure(Failure(.badInput, "that is not JSON (\(error)); what you wrote is in \(path)"))
        }
        let payload = PrettyJSON.compact(text)
        return .success(payload == PrettyJSON.compact(before) ? nil : payload)
    }

    /// Runs it in the foreground and waits, with the signals of the terminal as a program expects them.
    private static func run(_ path: String) -> Result<Void, Failure> {
        let environment = ProcessInfo.processInfo.environment
        let wanted = [environment["VISUAL"], environment["EDITOR"]].compactMap(\.self).first { !$0.isEmpty } ?? "vi"
        // The variable may hold options too.
        let words = ["/bin/sh", "-c", "\(wanted) \"$1\"", "sh", path]
        let arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var standard = sigset_t()
        var none = sigset_t()
        sigfillset(&standard)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &standard)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        // It may stop, and this process with it.
        signal(SIGTSTP, SIG_DFL)
        defer { DashTerminal.takeStops() }
        var child: pid_t = 0
        let code = posix_spawn(&child, words[0], nil, &attributes, arguments, environ)
        guard code == 0 else { return .failure(Failure(.failed, "no editor: \(String(cString: strerror(code)))")) }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else {
            return .failure(Failure(.failed, "the editor failed (\(wanted)): nothing was changed"))
        }
        return .success(())
    }
}
