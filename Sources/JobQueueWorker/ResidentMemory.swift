#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What a process takes.
package enum ResidentMemory {
    /// Resident bytes of a process; 0 when it is gone.
    package static func bytes(of pid: Int) -> Int {
        guard let file = fopen("/proc/\(pid)/statm", "r") else { return 0 }
        defer { fclose(file) }
        var (all, resident) = (0, 0)
        let count = withUnsafeMutablePointer(to: &all) { all in
            withUnsafeMutablePointer(to: &resident) { resident in
                withVaList([all, resident]) { vfscanf(file, "%ld %ld", $0) }
            }
        }
        return count == 2 ? resident * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
    }
}
