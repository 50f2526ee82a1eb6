import ArgumentParser
import JobModel
import JobQueueExec
import JobQueueWorker

/// `--exec email.send=/usr/bin/python3 send.py`: a command as the handler of a name.
struct ExecOption {
    let name: String
    let handler: ExecHandler

    init(parsing text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, Names.isName(String(parts[0])) else {
            throw ValidationError("use NAME=COMMAND, with a name of 1 to 64 of the characters A-Z a-z 0-9 ._-")
        }
        name = String(parts[0])
        do throws(BadValue) { handler = ExecHandler(command: try Self.words(of: parts[1])) } catch {
            throw ValidationError(error.description)
        }
    }

    /// Splits a command at its spaces. No shell reads it; whoever expects one hears of it.
    static func words(of command: some StringProtocol) throws(BadValue) -> [String] {
        let words = command.split(separator: " ").map { String($0) }
        guard !words.isEmpty else { throw BadValue("the command is empty") }
        guard !command.contains(where: { "'\"\\`$|&;<>*".contains($0) }) else {
            throw BadValue("the command is not for a shell: put quotes, variables and pipes into a script")
        }
        return words
    }

    /// Throws when the command cannot be started, or when the name has a handler.
    func add(to handlers: inout Handlers) throws(Failure) {
        guard !handlers.names.contains(name) else {
            throw Failure(.badConfiguration, "the job name \(name) has two handlers: use --exec once for a name")
        }
        do throws(ExecProblem) { try handler.check() } catch {
            throw Failure(.badConfiguration, "--exec \(name): \(error)")
        }
        handlers.on(name: name, exec: handler)
    }
}
