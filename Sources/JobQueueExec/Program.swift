import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Executables as files: where they are and whether they can be started.
enum Program {
    /// The path of a command, absolute or relative to `folder`, once it is known that it can be started.
    static func find(_ command: String, from folder: String?, path: String) throws(ExecProblem) -> String {
        if let folder, !isFolder(folder) { throw ExecProblem(description: "the folder \(folder) is missing") }
        if command.contains("/") {
            try check(command, seenFrom: folder, path: path)
            return command
        }
        // The first that can be executed, as the shell does.
        let found = path.split(separator: ":").map { "\($0)/\(command)" }.first { isExecutable($0, folder, path) }
        guard let found else { throw ExecProblem(description: "\(command) is in no folder of PATH (\(path))") }
        try check(found, seenFrom: folder, path: path)
        return found
    }

    /// Why a program cannot be started, in words; for the moment after it could not be.
    static func problem(with command: String, from folder: String?, path: String, errno code: Int32) -> String {
        do throws(ExecProblem) {
            try check(command, seenFrom: folder, path: path)
        } catch { return "\(error)" }
        return "\(command) cannot be started: \(message(of: code))"
    }

    static func message(of code: Int32) -> String { String(cString: strerror(code)) }

    private static func check(_ path: String, seenFrom folder: String?, path search: String) throws(ExecProblem) {
        let file = at(path, folder)
        guard access(file, F_OK) == 0 else { throw ExecProblem(description: "\(path) is missing") }
        guard isFile(file) else { throw ExecProblem(description: "\(path) is no file") }
        guard access(file, X_OK) == 0 else { throw ExecProblem(description: "\(path) may not be executed (chmod +x)") }
        // One that may be executed but not read can still be started, if it is no script.
        guard let start = firstBytes(of: file) else { return }
        if start.starts(with: [0x7F, 0x45, 0x4C, 0x46]) { return }
        guard start.starts(with: "#!".utf8) else {
            throw ExecProblem(description: "\(path) is neither a program nor a script that begins with #!")
        }
        let line = String(decoding: start.dropFirst(2).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        let words = line.split { " \t".contains($0) }
        guard let interpreter = words.first.map(String.init),
            isExecutable(interpreter.contains("/") ? interpreter : "./" + interpreter, folder, search),
            !interpreter.hasSuffix("/env") || words.count != 2 || isExecutable(String(words[1]), folder, search)
        else { throw ExecProblem(description: "the interpreter of \(path), \(line.debugDescription), is missing") }
    }

    /// Looks for a name without a slash in the folders of `search`.
    private static func isExecutable(_ name: String, _ folder: String?, _ search: String) -> Bool {
        let paths = name.contains("/") ? [name] : search.split(separator: ":").map { "\($0)/\(name)" }
        return paths.contains { isFile(at($0, folder)) && access(at($0, folder), X_OK) == 0 }
    }

    private static func at(_ path: String, _ folder: String?) -> String {
        guard let folder, !path.hasPrefix("/") else { return path }
        return "\(folder)/\(path)"
    }

    private static func isFile(_ path: String) -> Bool { kind(of: path) == S_IFREG }
    private static func isFolder(_ path: String) -> Bool { kind(of: path) == S_IFDIR }

    private static func kind(of path: String) -> mode_t? {
        var facts = stat()
        return stat(path, &facts) == 0 ? facts.st_mode & S_IFMT : nil
    }

    private static func firstBytes(of path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        let bytes = [UInt8](unsafeUninitializedCapacity: 256) { buffer, count in
            count = max(0, read(file, buffer.baseAddress, buffer.count))
        }
        return bytes
    }
}
