import Foundation
import JobModel
import Logging
import TestSupport
import Testing

@testable import JobQueueExec

extension ExecTests {
    /// Stdin, stdout and stderr in every order.
    @Suite(.timeLimit(.minutes(1))) struct StreamTests {
        @Test func `256 KiB go in while as much comes out`() async throws {
            let payload = "\"" + String(repeating: "x", count: 256 * 1024 - 2) + "\""
            let end = try await Shell(ExecHandler("cat")).run(payload.utf8)
            #expect(end.json == payload)
            // Writes all of its output and much on stderr before it reads.
            let deaf = Shell("head -c 200000 /dev/zero | tr '\\0' x; head -c 300000 /dev/zero >&2; cat >&2")
            #expect(try await deaf.run(payload.utf8).text?.utf8.count == 200_000)
        }

        @Test(arguments: ["exit 0", "exec <&-; head -c 100000 /dev/zero >/dev/null", "head -c 10 >/dev/null"])
        func `a child need not read its stdin`(text: String) async throws {
            #expect(try await Shell(text).run([UInt8](repeating: 0x20, count: 262_144)).json == "null")
        }

        @Test func `10 MiB on stderr do not hold the child up, and what is not logged is counted`() async throws {
            let text = #"yes "$(printf %01023d 0)" | head -c 10485760 >&2; echo last >&2; echo 1"#
            let shell = Shell(text) { $0.maxLogBytes = 102_400 }
            let end = try await shell.run()
            #expect(end.json == "1")
            #expect(shell.lines.items.count == 100)
            #expect(end.child.errors.dropped == 10_240 * 1023 + 4 - 100 * 1023)
            #expect(end.child.errors.tail.hasSuffix("\nlast"))
        }

        @Test func `a line of JSON on stderr may carry its message and level`() async throws {
            let shell = Shell(
                """
                echo plain >&2
                echo '{"level": "warn", "message": "half full"}' >&2
                echo '{"level": "ERROR", "message": "full", "progress": 0.5}' >&2
                echo '{"level": "loud"}' >&2
                echo '{"level": "error"' >&2
                echo >&2
                printf 'no end' >&2
                """)
            _ = try await shell.run()
            #expect(
                shell.lines.items == [
                    .init(text: "plain"), .init(level: .warning, text: "half full"), .init(level: .error, text: "full"),
                    .init(text: #"{"level": "loud"}"#), .init(text: #"{"level": "error""#), .init(text: "no end"),
                ])
        }

        @Test func `a line of JSON may carry fields, and none that speak of the job`() async throws {
            let text = #"{"message": "m", "metadata": {"percent": "50", "job_id": "forged"}}"#
            let shell = Shell("echo '\(text)' >&2; echo '{\"message\": \"n\", \"metadata\": [1]}' >&2")
            _ = try await shell.run()
            let lines = shell.lines.items
            #expect(lines.first?.fields == ["percent": "50", "job_id": "forged"])
            #expect(lines.last == .init(text: "n"))
            let logged = Log<Logger.Metadata>()
            lines.first?.log(to: Logger(label: "test") { _ in FieldRecorder(logged: logged) })
            #expect(logged.items == [["percent": "50"]])
            var logger = Logger(label: "test") { _ in FieldRecorder(logged: logged) }
            logger[metadataKey: "percent"] = "100"
            lines.first?.log(to: logger)
            #expect(
                logged.items.count == 2 && logged.items.last?["percent"] == nil, "nor any that the worker says itself")
        }

        @Test func `lines are the same however stderr arrives`() {
            var seed = Seed()
            for _ in 0..<100 {
                let text = (0..<Int.random(in: 0..<100, using: &seed)).map { _ in
                    ["\n", "a", "\r\n", "é", "{\"level\":\"error\"}\n", String(repeating: "y", count: 3000)]
                        .randomElement(using: &seed)!
                }.joined()
                let bytes = Array(text.utf8)
                let whole = lines(bytes, pieces: [bytes.count])
                var pieces: [Int] = []
                while pieces.reduce(0, +) < bytes.count { pieces.append(Int.random(in: 1...5000, using: &seed)) }
                #expect(lines(bytes, pieces: pieces) == whole)
                let written = bytes.split(separator: UInt8(ascii: "\n")).filter { $0 != [UInt8(ascii: "\r")] }
                #expect(whole.count == written.count)
                #expect(whole.allSatisfy { $0.text.utf8.count <= ErrorStream.lineLimit + 6 })
            }
        }

        private func lines(_ bytes: [UInt8], pieces: [Int]) -> [ErrorStream.Line] {
            var stream = ErrorStream(limit: .max)
            var found: [ErrorStream.Line] = []
            var rest = bytes[...]
            for piece in pieces {
                rest.prefix(piece).withUnsafeBytes { stream.take($0) { found.append($0) } }
                rest = rest.dropFirst(piece)
            }
            stream.end { found.append($0) }
            return found
        }

        @Test func `of a worker's own stream long lines are whole, and its log lines are not kept`() {
            let long = #"{"msg":""# + String(repeating: "x", count: 20_000) + #""}"#
            let fatal = "Worker/main.swift:3: Fatal error: no"
            let text = [long, "2026-01-02T03:04:05.678Z info working", fatal, "short"].joined(separator: "\n") + "\n"
            var stream = ErrorStream(limit: .max, isPlain: true)
            var found: [String] = []
            Array(text.utf8).withUnsafeBytes { stream.take($0) { found.append($0.text) } }
            stream.end { found.append($0.text) }
            #expect(found == [long, "2026-01-02T03:04:05.678Z info working", fatal, "short"])
            #expect(stream.tail == fatal + "\nshort")
        }

        @Test func `the stack behind a message of Swift's runtime does not push the message out`() {
            let fatal = "Fatal error: failed to allocate 4194336 bytes of memory with alignment 8"
            let frames = (0..<20).map { "\($0)    libswiftCore.so                    0x00007fd4adf5f130 swift_x + 33" }
            let others = ["12 monkeys"]
            var stream = ErrorStream(limit: .max, isPlain: true)
            let text = ([fatal, "Current stack trace:"] + frames + others).joined(separator: "\n") + "\n"
            Array(text.utf8).withUnsafeBytes { stream.take($0) { _ in } }
            #expect(stream.tail == [fatal, "12 monkeys"].joined(separator: "\n"))
        }

        @Test func `what is left in the pipe when a child ends is read`() async throws {
            // 1031 is F_SETPIPE_SZ: all of it fits into the pipe.
            let text = """
                import fcntl, os, sys
                fcntl.fcntl(1, 1031, 1 << 20)
                print(os.getpid(), file=sys.stderr, flush=True)
                os.write(1, b"x" * (1 << 20))
                """
            var handler = ExecHandler("python3", "-c", text)
            handler.maxResultBytes = 1 << 21
            let end = try await ExecRunner(handler).child(of: Shell.facts, payload: []) { line in
                // On the thread that reads: it reads on when the child has ended.
                while let pid = Int32(line.text), Processes.isAlive(pid) { sched_yield() }
            }
            #expect(end.output.count == 1 << 20)
        }

        @Test func `a deeply nested line on stderr is only a line`() async throws {
            let line = #"{"message": "x", "a": "# + String(repeating: "[", count: 2000) + "}"
            let shell = Shell("cat >&2")
            #expect(try await shell.run(line.utf8).json == "null")
            #expect(shell.lines.items == [.init(text: line)])
        }

        @Test func `a child that closes its streams is still waited for`() async throws {
            let text = "exec >&- 2>&-; i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; exit 7"
            #expect(try await Shell(text).run().child.exit == .code(7))
        }

        @Test func `somebody who left the group and keeps stdout open holds nothing up`() async throws {
            // The inner shell has left the group once its part of the pipe is closed.
            let text = "exec 3>&1; pid=$(setsid sh -c 'echo $$; exec 1>&3 3>&-; exec sleep 1000' &); echo $pid"
            let end = try await Shell(text).run()
            let pid = try #require(end.json.flatMap { Int32($0) })
            #expect(Processes.isAlive(pid), "it is not ours any more")
            kill(pid, SIGKILL)
        }
    }
}

/// The fields of each line.
private struct FieldRecorder: LogHandler {
    let logged: Log<Logger.Metadata>
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { logged.note(event.metadata ?? [:]) }
}
