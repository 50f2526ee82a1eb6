import CSpawn

/// How many descriptors this process may have open.
package enum OpenFiles {
    /// Raises the limit to `wanted`, as far as the hard limit permits, and answers the one that holds now. Exec handlers and
    /// other children get the one from before. To be called before there are threads; raised again it stays as it is.
    @discardableResult
    package static func raise(to wanted: Int) -> Int { Int(clamping: queue_files_raise(UInt64(max(0, wanted)))) }
}
