import Foundation
import Testing

/// Both examples as their README runs them, each with a Redis and a Postgres of its own.
@Suite(.timeLimit(.minutes(5))) struct ShopTests {
    @Test(arguments: ["swift", "python"])
    func `an order has its receipt, and one that was undone leaves no job`(example: String) throws {
        let programs = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../..")
            .standardized
        let process = Process()
        process.executableURL = folder.appending(path: "try")
        process.arguments = [example]
        process.environment = ProcessInfo.processInfo.environment.merging(["SHOP_PROGRAMS": programs.path]) { $1 }
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(text)")
        // PyPI may be out of reach.
        #expect(text.contains("✔ \(example)") || text.contains("– python: psycopg cannot be had here"), "\(text)")
    }
}
