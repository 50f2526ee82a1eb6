import Foundation
import JobModel
import TestSupport
import Testing

@testable import JobQueueExec

extension ExecTests {
    /// What a child is told, and what not.
    @Suite(.timeLimit(.minutes(1))) struct EnvironmentTests {
        private func variables(of shell: Shell) async throws -> [String: String] {
            let text = try #require(try await shell.run().text)
            let pairs = text.split(separator: "\n").map { line in
                let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(parts[0]), String(parts[1]))
            }
            return Dictionary(uniqueKeysWithValues: pairs)
        }

        @Test func `nothing of the worker's secrets reaches a child`() async throws {
            var shell = Shell(ExecHandler("/usr/bin/env"))
            shell.worker = [
                "PATH": "/usr/bin:/bin", "HOME": "/nowhere", "LANG": "C.UTF-8", "LC_TIME": "C", "TZ": "Asia/Tokyo",
                "REDIS_URL": "redis://:secret@host", "QUEUE_REDIS_URL": "redis://:secret@host", "AWS_SECRET": "secret",
                "LD_PRELOAD": "secret.so", "JOB_ID": "another",
            ]
            #expect(
                try await variables(of: shell) == [
                    "PATH": "/usr/bin:/bin", "HOME": "/nowhere", "LANG": "C.UTF-8", "LC_TIME": "C", "TZ": "Asia/Tokyo",
                    "JOB_ID": "01JOB", "JOB_NAME": "exec.test", "JOB_QUEUE": "mail", "JOB_ATTEMPT": "2",
                    "JOB_MAX_ATTEMPTS": "5", "JOB_EPOCH": "17", "JOB_GENERATION": "3",
                ])
        }

        @Test func `of this process' own environment only the harmless part reaches a child`() async throws {
            setenv("EXEC_TEST_SECRET", "secret", 1)
            let names = Set(try await variables(of: Shell(ExecHandler("/usr/bin/env"))).keys)
            let rest = names.subtracting(Variables.common).filter { !$0.hasPrefix("LC_") && !$0.hasPrefix("JOB_") }
            #expect(rest == [])
        }

        @Test func `configured and inherited variables come along, and the job's facts win`() async throws {
            var shell = Shell(ExecHandler("/usr/bin/env")) {
                $0.environment = ["MODE": "fast", "JOB_ID": "forged", "LANG": "C", "EMPTY": ""]
                $0.inherited = ["LICENSE", "ABSENT"]
            }
            shell.worker = ["LICENSE": "abc", "LANG": "de_DE", "OTHER": "x"]
            let variables = try await variables(of: shell)
            #expect(variables["MODE"] == "fast" && variables["LICENSE"] == "abc" && variables["EMPTY"] == "")
            #expect(variables["JOB_ID"] == "01JOB" && variables["LANG"] == "C")
            #expect(variables["OTHER"] == nil && variables["ABSENT"] == nil)
            #expect(variables["PATH"] == Variables.fallbackPath)
        }

        @Test func `trace context, request id and deadline are told`() async throws {
            var shell = Shell(ExecHandler("/usr/bin/env"))
            shell.facts.deadline = 1_800_000_000_123
            shell.facts.metadata = [
                "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "a=b",
                "baggage": "k=v", "request_id": "r-1", "user": "somebody", "PATH": "/evil",
            ]
            let variables = try await variables(of: shell)
            #expect(variables["TRACEPARENT"] == shell.facts.metadata["traceparent"])
            #expect(variables["TRACESTATE"] == "a=b" && variables["BAGGAGE"] == "k=v")
            #expect(variables["JOB_REQUEST_ID"] == "r-1" && variables["JOB_DEADLINE"] == "1800000000123")
            shell.facts.requestID = "r 2"
            #expect(try await self.variables(of: shell)["JOB_REQUEST_ID"] == "r 2", "the job's own comes first")
            #expect(variables["user"] == nil && variables["PATH"] != "/evil")
        }

        @Test func `metadata that no variable can hold is left out`() async throws {
            var shell = Shell(ExecHandler("/usr/bin/env"))
            shell.facts.metadata = ["traceparent": "a\0b", "baggage": String(repeating: "x", count: 9000)]
            let variables = try await variables(of: shell)
            #expect(variables["TRACEPARENT"] == nil && variables["BAGGAGE"] == nil)
        }

        @Test func `a child may ask for the whole job on stdin`() async throws {
            var shell = Shell(ExecHandler("cat")) { $0.input = .job }
            shell.facts.deadline = 5
            shell.facts.tags = ["a"]
            shell.facts.metadata = ["k": "v\n"]
            shell.facts.requestID = "r\"1"
            let json = try await shell.run(#"{"x": 1}"#.utf8).json
            #expect(
                json
                    == #"{"id":"01JOB","name":"exec.test","queue":"mail","attempt":2,"max_attempts":5,"epoch":17,"generation":3,"#
                    + #""deadline_ms":5,"tags":["a"],"metadata":{"k":"v\n"},"request_id":"r\"1","payload":{"x": 1}}"#)
        }

        @Test func `a child runs in its folder`() async throws {
            let folder = try Folder()
            _ = try await folder.file("tool", "#!/bin/sh\npwd\n")
            let shell = Shell(ExecHandler("./tool")) { $0.directory = folder.path }
            try shell.handler.check()
            let place = try #require(try await shell.run().text)
            #expect(place.hasSuffix(folder.path.split(separator: "/").last!))
        }
    }
}
