import Foundation
import JobModel
import TestSupport
import Testing

@testable import JobQueueExec

extension ExecTests {
    /// What a child's output and exit code mean.
    @Suite(.timeLimit(.minutes(1))) struct OutcomeTests {
        @Test func `the child reads the payload, and its JSON is the result as it is`() async throws {
            let payload = #"{"to": "a@example.org", "n": [1, 2.50, null], "π": "\u00e9"}"#
            #expect(try await Shell(ExecHandler("cat")).run(payload.utf8).json == payload)
            #expect(try await Shell("wc -c").run("12345678".utf8).json == "8")
        }

        @Test(arguments: [
            ("printf hello", #""hello""#), (#"printf 'two\nlines\n'"#, #""two\nlines""#), (":", "null"),
            ("echo", "null"),
            ("echo 42", "42"), (#"printf '{"a":1}\r\n'"#, #"{"a":1}"#), (#"printf '{"a":1'"#, #""{\"a\":1""#),
            (#"printf 'a\377b'"#, "\"a\u{FFFD}b\""), (#"printf 'a\0b'"#, #""a\u0000b""#),
            ("echo true false", #""true false""#),
        ])
        func `output that is no JSON is a string, and none is null`(text: String, json: String) async throws {
            #expect(try await Shell(text).run().json == json)
        }

        @Test func `exit codes say what follows`() async throws {
            let quiet = ", with nothing on stderr"
            let table: [(Int, Verdict)] = [
                (0, .result(Array("null".utf8))), (1, .failed("exit code 1" + quiet)),
                (2, .failed("exit code 2" + quiet)),
                (64, .failed("exit code 64" + quiet)), (65, .permanent("exit code 65" + quiet)),
                (66, .failed("exit code 66" + quiet)), (74, .failed("exit code 74" + quiet)), (75, .later(ms: nil)),
                (76, .failed("exit code 76" + quiet)), (77, .failed("exit code 77" + quiet)),
                (78, .permanent("exit code 78" + quiet)), (255, .failed("exit code 255" + quiet)),
                (126, .failed("exit code 126: in a shell, a command that may not be executed" + quiet)),
                (127, .failed("exit code 127: in a shell, a command that was not found" + quiet)),
                (
                    137,
                    .failed("exit code 137: in a shell, a command killed by SIGKILL: out of memory, or kill -9" + quiet)
                ),
            ]
            for (code, verdict) in table { #expect(try await Shell("exit \(code)").run().verdict == verdict) }
        }

        @Test(arguments: ["TERM", "SEGV", "KILL", "ABRT", "HUP", "PIPE"])
        func `a child that dies of a signal has failed, and the signal is named`(name: String) async throws {
            let message = try #require(try await Shell("kill -\(name) $$").run().failure)
            #expect(message.hasPrefix("killed by SIG\(name)"))
            #expect(message.contains("out of memory") == (name == "KILL"))
        }

        @Test func `the child may say when to try again`() async throws {
            let wish = #"echo '{"retry_after_ms": 1500, "message": "busy"}' >&2;"#
            #expect(try await Shell("\(wish) exit 75").run().verdict == .later(ms: 1500))
            let verdict = try await Shell("\(wish) exit 1").run().verdict
            guard case .retry(1500, let message) = verdict else {
                Issue.record("\(verdict)")
                return
            }
            #expect(message.hasPrefix("exit code 1; stderr ends with:\n"))
            #expect(try await Shell("echo '{\"retry_after_ms\": -5}' >&2; exit 75").run().verdict == .later(ms: nil))
        }

        @Test func `an error message carries the last lines of stderr, bounded`() async throws {
            let few = try await Shell("echo one >&2; echo two >&2; exit 3").run().verdict
            #expect(few == .failed("exit code 3; stderr ends with:\none\ntwo"))
            let many = try await Shell(#"i=0; while [ $i -lt 500 ]; do i=$((i+1)); echo "line $i" >&2; done; exit 1"#)
                .run()
            let message = try #require(many.failure)
            #expect(message.hasSuffix("line 481\n" + (482...500).map { "line \($0)" }.joined(separator: "\n")))
            #expect(!message.contains("line 480\n"))
            let long = try await Shell("head -c 100000 /dev/zero | tr '\\0' x >&2; exit 1").run()
            let text = try #require(long.failure)
            #expect(text.utf8.count < 2100 && text.hasSuffix("xxx…"))
        }

        @Test func `a result over the limit is omitted, and the child is not held up`() async throws {
            let end = try await Shell("head -c 10485760 /dev/zero; echo done >&2").run()
            #expect(end.verdict == .omitted("too large: 10485760 bytes, the limit is 262144"))
            #expect(end.child.output.count < 263_000)
            #expect(end.child.outputBytes == 10_485_760)
        }

        @Test func `the result limit is met exactly`() async throws {
            let fits = Shell("printf '\"12345678\"\\n'") { $0.maxResultBytes = 10 }
            #expect(try await fits.run().json == "\"12345678\"")
            let exceeds = Shell("printf '\"123456789\"'") { $0.maxResultBytes = 10 }
            #expect(try await exceeds.run().verdict == .omitted("too large: 11 bytes, the limit is 10"))
            let farBeyond = Shell("printf '12345678901234'") { $0.maxResultBytes = 10 }
            #expect(try await farBeyond.run().verdict == .omitted("too large: 14 bytes, the limit is 10"))
        }
    }
}
