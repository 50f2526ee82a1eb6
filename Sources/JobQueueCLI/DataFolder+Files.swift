import Foundation

extension DataFolder {
    var logPath: String { path + "/redis.log" }

    /// Begins a new log; that of the last time is kept beside it.
    func turnLog() { rename(logPath, logPath + ".1") }

    /// The end of the server's log.
    func logTail() -> String {
        guard let file = FileHandle(forReadingAtPath: logPath), let size = try? file.seekToEnd() else { return "" }
        try? file.seek(toOffset: size > 4096 ? size - 4096 : 0)
        return String(decoding: (try? file.read(upToCount: 4096)) ?? Data(), as: UTF8.self)
    }

    /// Deletes the data: what a Redis of ours wrote, and no file that anybody else put there.
    func forget() throws(Failure) {
        for name in Self.names(in: path) ?? [] where FolderClaim.isData(name) { try delete(path + "/" + name) }
        let folder = path + "/" + FolderClaim.appendOnlyFolder
        guard Self.kind(of: folder) == S_IFDIR else { return }
        for name in Self.names(in: folder) ?? [] where FolderClaim.isAppendOnlyFile(name) {
            try delete(folder + "/" + name)
        }
        rmdir(folder)  // stays where something else is in it
    }

    private func delete(_ file: String) throws(Failure) {
        guard Self.kind(of: file) == S_IFREG else { return }
        if unlink(file) != 0, errno != ENOENT { throw Self.failure("delete", file) }
    }

    /// Of the thing itself, not of what it links to.
    private static func kind(of path: String) -> mode_t? {
        var facts = stat()
        return lstat(path, &facts) == 0 ? facts.st_mode & S_IFMT : nil
    }

    static func names(in folder: String) -> [String]? {
        (try? FileManager.default.contentsOfDirectory(atPath: folder))?.sorted()
    }

    static func beginning(of file: String) -> String? {
        (try? SettingSources.contents(of: file, limit: 1 << 16)) ?? nil
    }
}
