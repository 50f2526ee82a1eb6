import Crypto
import Foundation
import JobQueueClient

/// Counts a file as `wc` does, and hashes it as `sha256sum` does.
struct CountFile: Job {
    static let name = "demo.count-file"
    static let options = JobOptions(maxAttempts: 3, timeout: .seconds(30))
    var path: String
}

/// What came of it: the result of the job.
struct FileCounts: Codable, Equatable {
    var lines: Int
    var words: Int
    var bytes: Int
    var sha256: String

    init(contentsOf path: String) throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes = data.count
        lines = data.count { $0 == UInt8(ascii: "\n") }
        words = Self.words(in: data)
        sha256 = SHA256.hash(data: data).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Runs of bytes between white space that hold at least one printable ASCII character, as wc counts in the C locale.
    private static func words(in data: Data) -> Int {
        var count = 0
        var isInWord = false
        for byte in data {
            switch byte {
            case 0x20, 0x09...0x0D:
                if isInWord { count += 1 }
                isInWord = false
            case 0x21...0x7E: isInWord = true
            default: break
            }
        }
        return isInWord ? count + 1 : count
    }
}

/// Runs later.
struct Greeting: Job {
    static let name = "demo.greeting"
    var name: String
}

/// Fails a few times, then succeeds.
struct Flaky: Job {
    static let name = "demo.flaky"
    static let options = JobOptions(maxAttempts: 5, backoff: .fixed(.milliseconds(200)))
    var failures: Int
}

/// Would run for an hour, but has half a second.
struct Endless: Job {
    static let name = "demo.endless"
    static let options = JobOptions(maxAttempts: 1, timeout: .milliseconds(500))
}

/// Goes to the dead letters at once.
struct Hopeless: Job {
    static let name = "demo.hopeless"
}
