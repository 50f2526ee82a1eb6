import Foundation

/// The folder in which `queue-worker dev` keeps everything: its Redis' data, log and socket.
///
/// One `dev` at a time has it, the one that holds its lock; the kernel lets go of that however the process ends. A folder
/// that holds anything else than what `dev` put there is refused: neither is written into nor deleted from.
final class DataFolder: Sendable {
    /// Absolute, without links.
    let path: String
    private let lock: Int32

    private enum Name { static let marker = "README", lock = "dev.lock", ignore = ".gitignore" }

    /// Makes the folder where it is missing, and takes its lock.
    init(_ given: String) throws(Failure) {
        if mkdir(given, 0o700) != 0, errno != EEXIST { throw Self.failure("make the data folder", given) }
        path = try Self.resolve(given)
        let file = path + "/" + Name.lock
        // Who is there comes before whose it is: a first start may just be under way.
        var lock = Foundation.open(file, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        do throws(Failure) {
            if lock >= 0 { try Self.take(lock, in: path) }
            let claim = try Self.claim(path)
            // Where the lock is there already, nothing else here would notice.
            guard access(path, R_OK | W_OK | X_OK) == 0 else { throw Self.failure("write in the data folder", path) }
            if lock < 0 {
                lock = Foundation.open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
                guard lock >= 0 else { throw Self.failure("write in the data folder", path) }
                try Self.take(lock, in: path)
            }
            try Self.sign(lock, in: path)
            chmod(path, 0o700)
            if claim == .new { try Self.furnish(path) }
        } catch {
            if lock >= 0 { Foundation.close(lock) }
            throw error
        }
        self.lock = lock
    }

    /// Lets go of the lock. Only then may another `dev` begin here.
    func close() {
        unsign()
        Foundation.close(lock)
    }

    /// Says that nobody is here any more, for a process that ends now and takes the lock with it.
    func unsign() { ftruncate(lock, 0) }

    private static func resolve(_ given: String) throws(Failure) -> String {
        guard let resolved = realpath(given, nil) else { throw failure("find the data folder", given) }
        defer { free(resolved) }
        guard let path = String(validatingCString: resolved) else {
            throw Failure(.badConfiguration, "the path of the data folder is not UTF-8: name another with --data")
        }
        var facts = stat()
        guard stat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR else {
            throw Failure(.badConfiguration, "\(ShellWord.quote(path)) is no folder: name another with --data")
        }
        return path
    }

    /// Throws unless the folder is ours, or may become so.
    private static func claim(_ path: String) throws(Failure) -> FolderClaim {
        guard let names = names(in: path) else { throw failure("read the data folder", path) }
        let claim = FolderClaim(names: names, marker: beginning(of: path + "/" + Name.marker))
        guard case .foreign(let name) = claim else { return claim }
        throw Failure(
            .badConfiguration,
            "\(ShellWord.quote(path)) holds files of others, such as \(ShellWord.quote(name)): name an empty or new folder with --data"
        )
    }

    private static func take(_ lock: Int32, in path: String) throws(Failure) {
        if flock(lock, LOCK_EX | LOCK_NB) == 0 { return }
        guard errno == EWOULDBLOCK else { throw failure("lock the data folder", path) }
        let pid = beginning(of: path + "/" + Name.lock).flatMap { Int($0.prefix { $0.isNumber }) }
        throw Failure(
            .unreachable,
            "queue-worker dev runs in \(ShellWord.quote(path)) already\(pid.map { ", as process \($0)" } ?? ""): use that one, end it, or name another folder with --data"
        )
    }

    /// Says who holds the lock.
    private static func sign(_ lock: Int32, in path: String) throws(Failure) {
        let text = Array("\(getpid())\n".utf8)
        guard ftruncate(lock, 0) == 0, pwrite(lock, text, text.count, 0) == text.count else {
            throw failure("write in the data folder", path)
        }
    }

    /// Makes an empty folder one of ours: nobody else's to read, and never in a repository.
    private static func furnish(_ path: String) throws(Failure) {
        guard chmod(path, 0o700) == 0 else { throw failure("write in the data folder", path) }
        try write(FolderClaim.marker, to: path + "/" + Name.marker)
        try write("*\n", to: path + "/" + Name.ignore)
    }

    private static func write(_ text: String, to path: String) throws(Failure) {
        let file = Foundation.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("write", path) }
        let bytes = Array(text.utf8)
        let count = Foundation.write(file, bytes, bytes.count)
        let code = errno
        Foundation.close(file)
        if count == bytes.count { return }
        // Half a marker would make the folder somebody else's.
        unlink(path)
        throw failure("write", path, code)
    }

    static func failure(_ what: String, _ path: String, _ code: Int32 = errno) -> Failure {
        let isMistake = [ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG].contains(code)
        let reason = String(cString: strerror(code))
        return Failure(
            isMistake ? .badConfiguration : .cannotWrite, "cannot \(what) \(ShellWord.quote(path)): \(reason)")
    }
}
