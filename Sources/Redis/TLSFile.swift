#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Reads a file of certificates or keys.
enum TLSFile {
    /// Far more than all CAs of a system.
    static let sizeLimit = 4 << 20

    /// All bytes of the file. Waits for the disk, but for no writer of a pipe.
    static func read(_ path: String, for option: RedisTLSFileError.Option) throws(RedisTLSFileError) -> [UInt8] {
        func failure(_ problem: RedisTLSFileError.Problem) -> RedisTLSFileError {
            RedisTLSFileError(option: option, path: path, problem: problem)
        }
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw failure(.unreadable(String(cString: strerror(errno)))) }
        defer { close(file) }
        var facts = stat()
        guard fstat(file, &facts) == 0 else { throw failure(.unreadable(String(cString: strerror(errno)))) }
        guard facts.st_mode & S_IFMT == S_IFREG else { throw failure(.notAFile) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = piece.withUnsafeMutableBytes { systemRead(file, $0.baseAddress, $0.count) }
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw failure(.unreadable(String(cString: strerror(errno))))
            }
            bytes += piece[..<count]
            if bytes.count > sizeLimit { throw failure(.tooLarge) }
        }
    }

    /// The system's function, which ours hides by its name.
    private static func systemRead(_ file: Int32, _ target: UnsafeMutableRawPointer?, _ count: Int) -> Int {
        #if canImport(Glibc)
            Glibc.read(file, target, count)
        #elseif canImport(Musl)
            Musl.read(file, target, count)
        #elseif canImport(Darwin)
            Darwin.read(file, target, count)
        #endif
    }
}
