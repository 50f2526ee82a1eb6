import Foundation

/// Prometheus' own checker. It is large, and is not asked for: what it would find, `Scrape` finds, but for questions of taste.
struct Promtool {
    private let path = "/usr/bin/promtool"

    init?() {
        guard FileManager.default.isExecutableFile(atPath: path) else { return nil }
    }

    /// Its exit status and what it said.
    func run(_ arguments: [String], input: String = "") throws -> (status: Int32, words: String) {
        let file = FileManager.default.temporaryDirectory.appending(path: "promtool-\(UUID().uuidString)")
        try Data(input.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let (program, output) = (Process(), Pipe())
        program.executableURL = URL(filePath: path)
        program.arguments = arguments
        program.standardInput = try FileHandle(forReadingFrom: file)
        (program.standardOutput, program.standardError) = (output, output)
        try program.run()
        let words = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        program.waitUntilExit()
        return (program.terminationStatus, words)
    }
}
