/// What Redis says of its append-only file at one moment, in the parts `persistence` and `server` of `INFO`.
struct LogSample: Equatable, Sendable {
    /// There is such a file.
    var isKept = false
    /// Bytes of it that were given to the kernel, counted on from the last rewriting.
    var written = 0
    /// Bytes that are still to be given to the kernel.
    var unwritten = 0
    /// Bytes of it after the last rewriting.
    var base = 0
    /// Data is on its way from the kernel to the disk. During that `everysec` puts off writing.
    var isSyncing = false
    /// The last write went well.
    var isHealthy = true
    /// Others than the main thread answer callers, and perhaps sooner than the file is written. Where nothing is said of
    /// that, it must be taken to be so.
    var isThreaded = true

    init() {}

    /// Of `INFO`, about sixty lines of text. This is done once for each round trip of an enqueue, so it looks at first letters
    /// before it makes strings.
    init(info: ArraySlice<UInt8>) {
        var rest = info
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = rest[..<end]
            rest = rest[(end + 1)...]
            guard let first = line.first, first == UInt8(ascii: "a") || first == UInt8(ascii: "i"),
                let colon = line.firstIndex(of: UInt8(ascii: ":"))
            else { continue }
            let value = line[(colon + 1)...].prefix { $0 != UInt8(ascii: "\r") }
            take(String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self))
        }
    }

    private mutating func take(_ field: String, _ value: String) {
        switch field {
        case "aof_enabled": isKept = value != "0"
        case "aof_current_size": written = Int(value) ?? 0
        case "aof_buffer_length": unwritten = Int(value) ?? 0
        case "aof_base_size": base = Int(value) ?? 0
        case "aof_pending_bio_fsync": isSyncing = value != "0"
        case "aof_last_write_status": isHealthy = value == "ok"
        case "io_threads_active": isThreaded = value != "0"
        default: break
        }
    }
}

/// Finds out from one sample after the other whether what was done before the first of them is in the append-only file. In
/// the file means given to the kernel: then it survives the end of Redis, but not that of the machine.
struct LogWatch {
    /// Up to where the file must be written, and the base that this counts from.
    private var goal: (end: Int, base: Int)?

    /// Takes in the next sample. Answers whether all is written by the time that the sample has reached its reader.
    mutating func isWritten(_ sample: LogSample) -> Bool {
        if !sample.isKept { return true }
        // With nothing in its way Redis writes all it has before it answers.
        if !sample.isSyncing, sample.isHealthy, !sample.isThreaded { return true }
        // A file that was rewritten in between counts from another base. What there was to write before is written, or is
        // still the first to be written.
        let end = sample.written + sample.unwritten
        if goal?.base != sample.base { goal = (end, sample.base) }
        return sample.written >= goal?.end ?? end
    }
}
