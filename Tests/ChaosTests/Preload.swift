import Foundation
import ProcessSupport
import TestSupport

/// A library of C that changes what the system tells or does for programs started by `command`, and a number that says by
/// how much, which a test may change at any time.
final class Preload: Sendable {
    private let folder: URL
    private let variable: String
    private var file: String { folder.path + "/number" }
    private var library: String { folder.path + "/preload.so" }

    /// Words to start a program by.
    var command: [String] { ["env", "LD_PRELOAD=\(library)", "\(variable)=\(file)"] }

    /// A wall clock that is wrong by so many seconds. What measures time goes on as before.
    static func wrongClock() async throws -> Preload { try await Preload("clock.c", "CLOCK_OFFSET") }

    /// A disk that takes so many ms to store what the kernel holds for it.
    static func slowDisk() async throws -> Preload { try await Preload("disk.c", "SYNC_MS") }

    /// With the compiler that comes with Swift. The number is 0.
    private init(_ source: String, _ variable: String) async throws {
        self.variable = variable
        folder = URL(fileURLWithPath: "/tmp/queue-preload-\(UUID().uuidString.prefix(8))", isDirectory: true)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: source).path
        let made = try await Program.run(["clang", "-shared", "-fPIC", "-o", library, path], errors: .output)
        guard made.status == 0 else { throw Overdue(description: "clang made no library: \(made.output)") }
        _ = FileManager.default.createFile(atPath: file, contents: Data(count: 8))
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// From now on it is this number.
    func set(_ number: Int) throws {
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
        defer { try? handle.close() }
        try handle.write(contentsOf: withUnsafeBytes(of: Int64(number)) { Data($0) })
    }
}
