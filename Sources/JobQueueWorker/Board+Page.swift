import Synchronization

/// What a worker process counts, as it last told: in whatever form the two sides have agreed on.
///
/// Two pages are written in turns, and the number of the last one is written behind it. So a process that is killed in the
/// middle of a page leaves the one before, and who reads knows whether what was read is of one piece.
extension Board {
    /// The longest text, in bytes.
    package static var pageLimit: Int { Layout.pageLimit }

    /// Tells. False, and nothing is changed, when it is too long. One task of the process at a time.
    package func publish(_ bytes: [UInt8]) -> Bool {
        guard bytes.count <= Layout.pageLimit else { return false }
        let number = word(pages) &+ 1
        let page = page(number)
        base.storeBytes(of: bytes.count, toByteOffset: page, as: Int.self)
        bytes.withUnsafeBytes { source in
            if let start = source.baseAddress { (base + page + 8).copyMemory(from: start, byteCount: source.count) }
        }
        atomicMemoryFence(ordering: .releasing)
        base.storeBytes(of: number, toByteOffset: pages, as: Int.self)
        return true
    }

    /// What was told last; nil when nothing was, or when it is being written over faster than it can be read.
    package var published: [UInt8]? {
        for _ in 0..<3 {
            let number = word(pages)
            if number == 0 { return nil }
            atomicMemoryFence(ordering: .acquiring)
            let page = page(number)
            // A dead process may have left anything.
            let count = max(0, min(word(page), Layout.pageLimit))
            let bytes = [UInt8](UnsafeRawBufferPointer(start: base + page + 8, count: count))
            atomicMemoryFence(ordering: .acquiring)
            if word(pages) == number { return bytes }
        }
        return nil
    }

    private var pages: Int { Layout.pages(slots: slots) }
    private func page(_ number: Int) -> Int { pages + 8 + (number & 1) * Layout.page }
}
