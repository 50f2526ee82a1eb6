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
        let words = parts[1].split(separator: " ").map(String.init)
        guard !words.isEmpty else { throw ValidationError("the command is empty") }
        // No shell reads this; whoever expects one should hear of it.
        guard !parts[1].contains(where: { "'\"\\`$|&;<>*".contains($0) }) else {
            throw ValidationError("the command is not for a shell: put quotes, variables and pipes into a script")
        }
        name = String(parts[0])
        handler = ExecHandler(command: words)
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
