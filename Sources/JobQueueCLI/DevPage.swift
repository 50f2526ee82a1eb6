import Foundation
import JobModel

/// What `queue-worker dev` says once everything runs: where Redis is, what works, and a command to try.
struct DevPage {
    /// Such as `redis-server 7.0.15`.
    var server: String
    /// The data folder as it was named.
    var data: String
    /// Where the socket is, when that is not in the data folder.
    var socketFolder: String?
    /// Where the HTTP API is, for this machine only.
    var api: String
    /// Where Redis is, without anything that a shell would read in its own way.
    var url: String
    var slots: Int
    /// As given with `--queues`, so nothing but names, numbers and marks between them.
    var queues: String
    /// Which one a job to try has to go into.
    var queueToTry: QueueName
    var handlers: [String]
    /// How this program is called.
    var program: String

    var lines: [String] {
        var lines = ["  redis     \(server), private, data in \(ShellWord.quote(data))"]
        if let socketFolder {
            lines.append("            socket in \(ShellWord.quote(socketFolder)): the path above is too long for one")
        }
        lines.append("            export REDIS_URL=\(url)")
        lines.append(
            "  worker    \(slots) \(slots == 1 ? "slot" : "slots"), \(queues.contains(",") ? "queues" : "queue") \(queues)"
        )
        lines += Self.wrap(handlers, indent: 12, label: "  handlers  ")
        lines.append("  http      \(api), for this machine only, without tokens")
        lines.append("  try       in another terminal:")
        lines += Self.join(["              REDIS_URL=\(url)", ShellWord.quote(program), attempt])
        if handlers.contains("demo.echo") { lines += curl }
        return lines + [
            "", "  For development only: one process on one machine, no password, no backups.",
            "  Ctrl-C stops everything and keeps the data; --fresh begins without it.", "",
        ]
    }

    /// This program as a second terminal finds it, whatever folder that is in.
    static var program: String {
        let called = CommandLine.arguments.first ?? "queue-worker"
        guard called.contains("/") else { return called }
        return (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? called
    }

    /// A command whose answer shows that it works.
    private var attempt: String {
        guard handlers.contains("demo.echo") else { return "info" }
        return "enqueue demo.echo hi=1 \(queueToTry == .default ? "" : "-q \(queueToTry) ")--wait 10s"
    }

    /// The same job over HTTP. Names of queues have nothing in them that a shell or JSON would read in its own way.
    private var curl: [String] {
        let queue = queueToTry == .default ? "" : #","queue":"\#(queueToTry)""#
        let job = #"'{"name":"demo.echo"\#(queue),"payload":{"hi":1}}'"#
        return Self.join([
            "              curl -s \(api)/v1/jobs", "-H 'Prefer: wait=10'", "-H 'Content-Type: application/json'",
            "-d \(job)",
        ])
    }

    /// Parts of one command on one line where they fit, else with a `\` at the end of each but the last: it is to be pasted.
    private static func join(_ parts: [String]) -> [String] {
        parts.dropFirst().reduce(into: [parts[0]]) { lines, part in
            if lines[lines.count - 1].count + 1 + part.count <= 80 {
                lines[lines.count - 1] += " " + part
            } else {
                lines[lines.count - 1] += " \\"
                lines.append(String(repeating: " ", count: 16) + part)
            }
        }
    }

    /// Words on as many lines of 80 columns as they need.
    private static func wrap(_ words: [String], indent: Int, label: String) -> [String] {
        var lines = [label]
        for word in words {
            let isFirst = lines[lines.count - 1].count == indent
            if !isFirst, lines[lines.count - 1].count + 1 + word.count > 80 {
                lines.append(String(repeating: " ", count: indent) + word)
            } else {
                lines[lines.count - 1] += (isFirst ? "" : " ") + word
            }
        }
        return lines
    }
}
