import Redis
import TestSupport
import Testing

@testable import JobStore

/// Whether what Redis says of its append-only file proves that something is in it.
@Suite struct LogSampleTests {
    @Test func `a sample is read from the answer of a server`() async throws {
        let server = try await PrivateRedis.launch(["--appendonly", "yes"])
        let client = try await TestQueue.client(server)
        _ = try await client.send(.init("SET", "a", "b"))
        var reader = try await client.send(.init("INFO", "persistence", "server")).reader
        let sample = LogSample(info: try reader.bytes())
        #expect(sample.isKept && sample.isHealthy && !sample.isThreaded)
        #expect(sample.written > 20)
        await client.close()
    }

    @Test func `every field is read, and what is missing promises nothing`() {
        let text = """
            # Server\r\nio_threads_active:0\r\n# Persistence\r\naof_enabled:1\r\naof_last_write_status:err\r
            aof_current_size:12\r\naof_base_size:5\r\naof_buffer_length:7\r\naof_pending_bio_fsync:1\r\nodd\r\n
            """
        var expected = LogSample()
        expected.isKept = true
        expected.written = 12
        expected.base = 5
        expected.unwritten = 7
        expected.isSyncing = true
        expected.isHealthy = false
        expected.isThreaded = false
        #expect(LogSample(info: Array(text.utf8)[...]) == expected)
        #expect(LogSample(info: []).isThreaded)
    }

    /// One sample: w for bytes written, u for bytes unwritten, b for the base, and words for what is out of the ordinary.
    private static func sample(_ text: String) -> LogSample {
        var sample = LogSample()
        (sample.isKept, sample.isThreaded) = (true, false)
        for word in text.split(separator: " ") {
            let number = Int(word.dropFirst()) ?? 0
            switch word {
            case "none": sample.isKept = false
            case "syncing": sample.isSyncing = true
            case "failing": sample.isHealthy = false
            case "threaded": sample.isThreaded = true
            case _ where word.first == "w": sample.written = number
            case _ where word.first == "u": sample.unwritten = number
            case _ where word.first == "b": sample.base = number
            default: Issue.record("no such word: \(word)")
            }
        }
        return sample
    }

    @Test(arguments: [
        // Where there is nothing to write to, nothing is written later.
        (["none"], true),
        // Written before Redis answers: while it may write, and answers afterwards.
        (["w10 u5"], true), (["w10 u5 syncing"], false), (["w10 u5 failing"], false), (["w10 u5 threaded"], false),
        // Nothing was left to write.
        (["w10 u0 syncing"], true), (["w10 u0 failing"], true), (["w10 u0 threaded"], true),
        // Later the obstacle is gone.
        (["w10 u5 syncing", "w10 u9"], true), (["w10 u5 failing", "w10 u9"], true),
        // It is still there, but what there was to write at first is written; others have gone on.
        (["w10 u5 syncing", "w10 u9 syncing"], false), (["w10 u5 syncing", "w15 u9 syncing"], true),
        (["w10 u5 threaded", "w14 u9 threaded"], false), (["w10 u5 threaded", "w15 u9 threaded"], true),
        // After a rewriting sizes say something else: what there is to write now counts.
        (["w10 u5 b1 syncing", "w90 u5 b80 syncing"], false),
        (["w10 u5 b1 syncing", "w90 u5 b80 syncing", "w94 u5 b80 syncing"], false),
        (["w10 u5 b1 syncing", "w90 u5 b80 syncing", "w95 u5 b80 syncing"], true),
    ])
    func `samples prove it`(samples: [String], isProof: Bool) {
        var watch = LogWatch()
        let answers = samples.map { watch.isWritten(Self.sample($0)) }
        #expect(answers.last == isProof)
        #expect(answers.dropLast().allSatisfy { !$0 })
    }
}
