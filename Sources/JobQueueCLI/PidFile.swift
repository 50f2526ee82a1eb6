import Foundation

/// A file with the number of this process, for as long as it runs. Whoever has it locks it: a file that a crash left behind
/// belongs to nobody.
struct PidFile {
    private let path: String
    private let descriptor: Int32

    /// Throws when the file cannot be written, or another process has it.
    init(_ path: String) throws(Failure) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw Self.failure(path, String(cString: strerror(errno))) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let problem = errno == EWOULDBLOCK ? Self.owner(descriptor) : String(cString: strerror(errno))
            close(descriptor)
            throw Self.failure(path, problem)
        }
        let text = "\(getpid())\n"
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.utf8.count, 0) == text.utf8.count else {
            let problem = String(cString: strerror(errno))
            close(descriptor)
            throw Self.failure(path, problem)
        }
    }

    private static func failure(_ path: String, _ problem: String) -> Failure {
        Failure(.cannotWrite, "the pid file \(path) cannot be taken: \(problem)")
    }

    private static func owner(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = max(0, pread(descriptor, &bytes, bytes.count, 0))
        let text = String(decoding: bytes[..<count], as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return "process \(Int(text).map { "\($0)" } ?? "unknown") has it, and runs"
    }

    /// Removes the file, unless another one stands there by now.
    func remove() {
        var (ours, there) = (stat(), stat())
        if fstat(descriptor, &ours) == 0, lstat(path, &there) == 0, ours.st_ino == there.st_ino,
            ours.st_dev == there.st_dev
        {
            unlink(path)
        }
        close(descriptor)
    }
}
