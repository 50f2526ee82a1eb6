import Foundation

/// A file with the number of this process, for as long as it runs. Whoever has it locks it: a file that a crash left behind
/// belongs to nobody. What is not such a file is left alone.
struct PidFile {
    private let path: String
    private let descriptor: Int32

    /// Throws when the file cannot be taken: another process has it, it is something else, or it cannot be written.
    init(_ path: String) throws(Failure) {
        self.path = path
        // Another process may remove it between our opening and locking it.
        for _ in 0..<100 {
            if let descriptor = try Self.open(path) {
                self.descriptor = descriptor
                return
            }
        }
        throw Self.failure(path, "it comes and goes")
    }

    /// Opens, locks and writes; nil when the file is not the one at that path any more.
    private static func open(_ path: String) throws(Failure) -> Int32? {
        // For the owner alone: whoever may read a file may lock it.
        let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { throw failure(path, String(cString: strerror(errno))) }
        do throws(Failure) {
            try check(descriptor, path)
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                throw failure(path, errno == EWOULDBLOCK ? owner(descriptor) : String(cString: strerror(errno)))
            }
            guard isThere(descriptor, path) else {
                close(descriptor)
                return nil
            }
            let text = "\(getpid())\n"
            guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.utf8.count, 0) == text.utf8.count else {
                throw failure(path, String(cString: strerror(errno)))
            }
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// It is emptied now and removed later: so it must be a pid file, and ours.
    private static func check(_ descriptor: Int32, _ path: String) throws(Failure) {
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG, facts.st_nlink <= 1 else {
            throw failure(path, "it is not an ordinary file")
        }
        guard facts.st_uid == geteuid() else { throw failure(path, "it is somebody else's") }
        let text = content(descriptor)
        guard text.utf8.count <= 20, text.allSatisfy({ $0.isASCII && ($0.isNumber || $0.isWhitespace) }) else {
            throw failure(path, "something else is in it")
        }
    }

    private static func failure(_ path: String, _ problem: String) -> Failure {
        Failure(.cannotWrite, "the pid file \(path) cannot be taken: \(problem)")
    }

    private static func content(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = max(0, pread(descriptor, &bytes, bytes.count, 0))
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    private static func owner(_ descriptor: Int32) -> String {
        let text = content(descriptor).trimmingCharacters(in: .whitespacesAndNewlines)
        return "process \(Int(text).map { "\($0)" } ?? "unknown") has it, and runs"
    }

    /// Whether the path leads to the open file.
    private static func isThere(_ descriptor: Int32, _ path: String) -> Bool {
        var (open, there) = (stat(), stat())
        return fstat(descriptor, &open) == 0 && lstat(path, &there) == 0 && open.st_ino == there.st_ino
            && open.st_dev == there.st_dev
    }

    /// Removes the file, unless another one stands there by now.
    func remove() {
        if Self.isThere(descriptor, path) { unlink(path) }
        close(descriptor)
    }
}
