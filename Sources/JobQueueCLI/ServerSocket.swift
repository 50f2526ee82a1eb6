import Foundation

/// Where the socket of the private Redis is: in the data folder, or in a short folder of its own where the path would be
/// too long for a socket. Only its owner can get at it, by the mode of the folder and by its own.
struct ServerSocket: Sendable {
    /// The room in the system's `sockaddr_un`, less the final zero.
    static let longestPath = 107

    let path: String
    /// The short folder; nil when the socket is in the data folder.
    let shortFolder: String?
    private let record: String

    /// Tidies up what a killed run left, and finds a place. Throws when a Redis still answers there.
    init(in folder: DataFolder) async throws(Failure) {
        record = folder.path + "/socket-folder"
        let usual = folder.path + "/redis.sock"
        if let old = Self.recorded(in: record) {
            try await Self.clear(old + "/redis.sock")
            rmdir(old)
            unlink(record)
        }
        guard usual.utf8.count > Self.longestPath else {
            try await Self.clear(usual)
            (path, shortFolder) = (usual, nil)
            return
        }
        let runtime = ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"]
        guard let short = Self.makeFolder(Self.candidates(runtime: runtime)) else {
            throw DataFolder.failure("make a folder for the socket in", "/tmp")
        }
        (path, shortFolder) = (short + "/redis.sock", short)
        // Before the server starts: a run that is killed must not leave what nobody knows of.
        guard FileManager.default.createFile(atPath: record, contents: Data(short.utf8)) else {
            let failure = DataFolder.failure("write", record)
            rmdir(short)
            throw failure
        }
    }

    /// Takes everything away again.
    func remove() {
        Self.unlinkSocket(path)
        guard let shortFolder else { return }
        rmdir(shortFolder)
        unlink(record)
    }

    /// Folders for a short folder, the best one first.
    static func candidates(runtime: String?) -> [String] {
        let name = "/queue-worker-XXXXXX"
        let folders = [runtime, "/tmp"].compactMap { $0 }.filter { $0.hasPrefix("/") }
        return folders.map { $0 + name }.filter { ($0 + "/redis.sock").utf8.count <= longestPath }
    }

    private static func makeFolder(_ templates: [String]) -> String? {
        for template in templates {
            var bytes = Array(template.utf8CString)
            let path = bytes.withUnsafeMutableBufferPointer { buffer in
                buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
            }
            if let path { return path }
        }
        return nil
    }

    /// The short folder of a run before this, if the record can be believed.
    private static func recorded(in record: String) -> String? {
        let folder = DataFolder.beginning(of: record) ?? ""
        return folder.hasPrefix("/") && folder.contains("/queue-worker-") ? folder : nil
    }

    /// Removes a socket that nobody listens to. The Redis of a run that was killed just now may take a moment to die.
    private static func clear(_ path: String) async throws(Failure) {
        let deadline = ContinuousClock.now + .seconds(2)
        while let pid = listener(on: path) {
            guard ContinuousClock.now < deadline else {
                throw Failure(
                    .unreachable,
                    "process \(pid) still serves \(ShellWord.quote(path)), from a run before this: end it first (kill \(pid))"
                )
            }
            try? await Task.sleep(for: .milliseconds(20))
        }
        unlinkSocket(path)
    }

    private static func unlinkSocket(_ path: String) {
        var facts = stat()
        if lstat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFSOCK { unlink(path) }
    }

    /// The process that listens to a socket; nil when none does.
    private static func listener(on path: String) -> Int32? {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(longestPath)) }
        let isAnswered = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isAnswered else { return nil }
        // As `struct ucred`, which glibc shows to C only.
        var peer: (pid: pid_t, user: uid_t, group: gid_t) = (0, 0, 0)
        var size = socklen_t(MemoryLayout.size(ofValue: peer))
        return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0
    }
}
