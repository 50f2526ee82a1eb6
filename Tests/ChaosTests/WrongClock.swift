import Foundation
import ProcessSupport
import TestSupport

/// A wall clock that a test moves, for programs that are started by `command`. What measures time goes on as before.
final class WrongClock: Sendable {
    private let folder: URL
    private var file: String { folder.path + "/offset" }

    /// Words to start a program by.
    var command: [String] { ["env", "LD_PRELOAD=\(folder.path)/clock.so", "CLOCK_OFFSET=\(file)"] }

    /// With the compiler that comes with Swift.
    init() async throws {
        folder = URL(fileURLWithPath: "/tmp/wrong-clock-\(UUID().uuidString.prefix(8))", isDirectory: true)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "clock.c").path
        let made = try await Program.run(
            ["clang", "-shared", "-fPIC", "-o", folder.path + "/clock.so", source], errors: .output)
        guard made.status == 0 else { throw Overdue(description: "clang made no library: \(made.output)") }
        _ = FileManager.default.createFile(atPath: file, contents: Data(count: 8))
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// From now on it is wrong by so many seconds.
    func set(_ seconds: Int) throws {
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
        defer { try? handle.close() }
        try handle.write(contentsOf: withUnsafeBytes(of: Int64(seconds)) { Data($0) })
    }
}
