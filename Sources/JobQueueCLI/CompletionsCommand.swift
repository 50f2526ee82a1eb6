import ArgumentParser
import Dispatch
import JobModel
import JobStore
import Redis
import Synchronization

struct CompletionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions", abstract: "Print a script that lets a shell complete commands, options and names.",
        discussion: """
            Names of queues and of jobs are asked of Redis, which has half a second to answer.

            bash: queue-worker completions bash > /etc/bash_completion.d/queue-worker
            zsh:  queue-worker completions zsh > "${fpath[1]}/_queue-worker"
            fish: queue-worker completions fish > ~/.config/fish/completions/queue-worker.fish
            """)

    @Argument(help: "bash, zsh or fish.", completion: .list(["bash", "zsh", "fish"]))
    var shell: String

    func run() throws {
        guard let known = CompletionShell(rawValue: shell) else {
            throw Failure(.usage, "bad shell \(BadValue.quoted(shell)): use bash, zsh or fish")
        }
        try Output.print(QueueWorkerCommand.completionScript(for: known))
    }
}

/// What a shell offers where a name is wanted. Whatever goes wrong, it offers nothing: nobody wants an error while typing.
///
/// The parser of arguments asks without `await`, in a process that does nothing else: so this waits for its answers.
enum NameCompletion {
    static let queues = CompletionKind.custom { words, _, prefix in
        names(words, prefix) { client in list(client, Command("ZRANGE", Registry.queues, "0", "-1")) }
    }

    /// Those that live workers have handlers for.
    static let jobNames = CompletionKind.custom { words, _, prefix in
        names(words, prefix) { client in
            let queues = list(client, Command("ZRANGE", Registry.queues, "0", "-1")).compactMap { try? QueueName($0) }
            let cards = queues.flatMap { list(client, Command("HVALS", Key.about.name(in: $0))) }
            return cards.flatMap { WorkerCard(parsing: Array($0.utf8)[...])?.names ?? [] }
        }
    }

    /// Somebody waits with a finger on the key.
    private static let patience = Duration.milliseconds(500)

    private final class Answer: Sendable {
        let reply = Mutex<Reply?>(nil)
    }

    private static func names(_ words: [String], _ prefix: String, _ find: (RedisClient) -> [String]) -> [String] {
        guard let redis = redis(words) else { return [] }
        return Set(find(RedisClient(redis))).filter { $0.hasPrefix(prefix) && Names.isName($0) }.sorted()
    }

    private static func list(_ client: RedisClient, _ command: Command) -> [String] {
        let answer = Answer()
        let isThere = DispatchSemaphore(value: 0)
        client.submit(command, timeout: patience) { result in
            answer.reply.withLock { $0 = try? result.get() }
            isThere.signal()
        }
        isThere.wait()
        guard var reader = answer.reply.withLock({ $0 })?.reader, let count = try? reader.array() else { return [] }
        return (0..<count).compactMap { _ in try? reader.string() }
    }

    /// As the command that is being typed would find it.
    static func redis(_ words: [String]) -> RedisConfiguration? {
        var request = SettingSources.Request()
        for (option, value) in zip(words, words.dropFirst()) where option == "--redis-url" {
            request.options[Settings.redisURL.key] = value
        }
        guard let settings = try? RedisSettings(SettingSources(request)),
            var redis = try? RedisConfiguration(url: settings.url.reveal())
        else { return nil }
        redis.connectTimeout = patience
        redis.commandTimeout = patience
        return redis
    }
}
