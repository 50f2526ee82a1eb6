import Foundation
import Testing

@testable import JobQueueCLI

/// Files of one test, in a folder that goes with it.
struct Folder: ~Copyable {
    let path = "/tmp/settings-test-\(UUID().uuidString.prefix(8))"

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String) throws -> String {
        let file = path + "/" + name
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        return file
    }
}

/// Sources without anything from the machine that runs the test.
func sources(
    options: [String: String] = [:], environment: [String: String] = [:], file: String? = nil, envFile: String? = nil
) -> SettingSources {
    let environment = ["QUEUE_SECRETS": "/proc/self/fdinfo"].merging(environment) { $1 }
    return SettingSources(.init(options: options, environment: environment, file: file, envFile: envFile))
}

/// The problems of a file with this text, without its name.
func problems(_ text: String) throws -> [String] {
    let folder = try Folder()
    let file = try folder.write(text, to: "queue.yaml")
    do throws(Failure) {
        _ = try Settings(sources(file: file))
        return []
    } catch {
        #expect(error.code == .badConfiguration)
        return ([error.message] + error.more).map { $0.replacing(file, with: "") }
    }
}
