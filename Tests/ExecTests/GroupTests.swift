import CSpawn
import Foundation
import JobQueueWorker
import TestSupport
import Testing

@testable import JobQueueExec

extension ExecTests {
    /// Who dies when.
    @Suite(.timeLimit(.minutes(5))) struct GroupTests {
        @Test func `a child leads a group of its own, with default signals and no descriptors but three`() async throws
        {
            let text = "cut -d' ' -f5 /proc/$$/stat; echo $$; ls /proc/$$/fd"
            let lines = try #require(try await Shell(text).run().text).split(separator: "\n")
            #expect(lines[0] == lines[1])
            #expect(Int32(lines[0]) != getpgrp())
            #expect(lines[2...] == ["0", "1", "2"])
            let status = try await Shell(ExecHandler("grep", "-E", "SigBlk|SigIgn", "/proc/self/status")).run().text
            for line in try #require(status).split(separator: "\n") {
                let signals = try #require(UInt64(line.suffix(16), radix: 16))
                // 32 and 33 are the C library's.
                #expect(signals & ~(3 << 31) == 0, "\(line)")
            }
        }

        @Test func `what a child leaves behind dies with it`() async throws {
            let end = try await Shell("sleep 1000 & echo $!; (trap '' TERM HUP; sleep 1000 & echo $! >&2; wait) &")
                .run()
            let pid = try #require(end.json.flatMap { Int32($0) })
            try await Processes.areGone([pid])
        }

        @Test func `a cancelled child and its children hear TERM`() async throws {
            let shell = Shell("sleep 1000 & echo ready $! $$ >&2; wait") { $0.grace = .seconds(60) }
            let (end, rest) = try await shell.stopped()
            #expect(end.verdict == .stopped)
            #expect(end.child.exit == .signal(15) && !end.child.wasKilled)
            try await Processes.areGone(rest.split(separator: " ").compactMap { Int32($0) })
        }

        @Test func `a group that is deaf to TERM is killed after the grace`() async throws {
            let shell = Shell("trap '' TERM; sleep 1000 & echo ready $! $$ >&2; wait; wait; sleep 1000") {
                $0.grace = .milliseconds(150)
            }
            let begin = ContinuousClock.now
            let (end, rest) = try await shell.stopped()
            #expect(ContinuousClock.now - begin >= .milliseconds(150))
            #expect(end.verdict == .stopped)
            #expect(end.child.exit == .signal(9) && end.child.wasKilled)
            try await Processes.areGone(rest.split(separator: " ").compactMap { Int32($0) })
        }

        @Test func `a child that tidies up after TERM is heard to the end, and has not succeeded`() async throws {
            let text =
                "trap 'echo tidy >&2; head -c 300000 /dev/zero; exit 0' TERM; echo ready >&2; while :; do sleep 1000 & wait; done"
            let shell = Shell(text) { $0.grace = .seconds(60) }
            let (end, _) = try await shell.stopped()
            #expect(end.child.exit == .code(0) && end.child.outputBytes == 300_000)
            #expect(shell.lines.items.contains { $0.text == "tidy" })
            #expect(end.verdict == .stopped)
        }

        @Test func `a child that is suspended hears TERM`() async throws {
            let shell = Shell("echo ready >&2; kill -STOP $$; sleep 1000") { $0.grace = .seconds(60) }
            #expect(try await shell.stopped().end.child.exit == .signal(15))
        }

        @Test func `a child whose thread is gone is killed by the kernel`() async throws {
            let launch = Launch(ExecHandler("sleep", "1000"))
            let pids = Log<pid_t>()
            #expect(
                OwnThread.start("exec handler", stack: 1 << 20) {
                    guard let child = try? launch.start(Shell.facts) else { return }
                    for descriptor in [child.pidfd, child.input, child.output, child.error] { close(descriptor) }
                    pids.note(child.pid)
                })
            let pid = try #require(try await pids.items(count: 1).first)
            var code: Int32 = 0
            var signal: Int32 = 0
            var peak: UInt64 = 0
            #expect(queue_reap(pid, &code, &signal, &peak) == 0)
            #expect(signal == SIGKILL && peak > 1 << 18)
        }

        @Test func `more children than the pool has threads run at once, and the pool is free`() async throws {
            let shell = Shell("echo ready >&2; sleep 1000")
            // `EXEC_JOBS=10000 scripts/test exec` is the long form.
            let count = ProcessInfo.processInfo.activeProcessorCount * 4
            try await withThrowingTaskGroup(of: Shell.End.self) { group in
                for _ in 0..<count { group.addTask { try await shell.run() } }
                try await shell.lines.items(count: count)
                #expect(try await Shell("echo 1").run().json == "1")
                group.cancelAll()
                for try await end in group { #expect(end.verdict == .stopped) }
            }
        }

        @Test func `limits hold for the child`() async throws {
            let shell = Shell("ulimit -v; ulimit -t") {
                $0.maxMemoryBytes = 512 * 1024 * 1024
                $0.maxCPUTime = .milliseconds(2500)
            }
            #expect(try await shell.run().text == "524288\n3")
            let busy = Shell("while :; do :; done") { $0.maxCPUTime = .seconds(1) }
            let verdict = try await busy.run().verdict
            #expect(verdict == .failed("killed by SIGXCPU: its CPU time is used up, with nothing on stderr"))
        }

        @Test func `thousands of jobs leave no zombie, descriptor or thread`() async throws {
            // `EXEC_JOBS=10000 scripts/test exec` is the long form.
            let count = ProcessInfo.processInfo.environment["EXEC_JOBS"].flatMap { Int($0) } ?? 1000
            _ = try await Shell("exit 0").run()
            let threads = Processes.threads
            let before = try await eventually {
                Processes.descriptors
            } is: { _ in
                Processes.zombies == 0
            }
            let texts = ["cat", "exit 3", "kill -9 $$", "sleep 1000 & exit 0", "exec <&-; echo x >&2"]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<count {
                    if number >= 4 { try await group.next() }
                    group.addTask {
                        // Some are cancelled before, during or after their start.
                        if number % 10 == 9 {
                            try await withThrowingTaskGroup(of: Void.self) { one in
                                one.addTask { _ = try await Shell("sleep 1000").run() }
                                one.cancelAll()
                                try await one.waitForAll()
                            }
                        } else {
                            _ = try await Shell(texts[number % texts.count]).run()
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(Processes.zombies == 0)
            // Timers open theirs once, and Swift's pool grows to its size.
            let few = 10
            try await eventually {
                Processes.descriptors
            } is: {
                $0 < before + few
            }
            try await eventually {
                Processes.threads
            } is: {
                $0 < threads + few
            }
        }
    }
}
