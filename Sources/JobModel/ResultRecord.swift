/// What a successful run left behind: `{"result":…,"at":…,"ms":…,"attempt":…,"worker":"…"}`.
package struct ResultRecord: Equatable, Sendable {
    /// JSON; `null` when the handler returned nothing.
    package var result: ArraySlice<UInt8>
    /// When it ended, ms since 1970.
    package var at: Int
    /// How long the run took, in ms.
    package var ms: Int
    package var attempt: Int
    package var worker: String
    /// Why the result itself is missing although the job succeeded: too large, or not encodable.
    package var omitted: String?

    package init(result: ArraySlice<UInt8>, at: Int, ms: Int, attempt: Int, worker: String, omitted: String? = nil) {
        self.result = result
        self.at = at
        self.ms = ms
        self.attempt = attempt
        self.worker = worker
        self.omitted = omitted
    }

    package func encoded() -> [UInt8] {
        JSONWriter.object(capacity: 96 + result.count) { writer in
            writer.field("result", json: result)
            writer.field("at", at)
            writer.field("ms", ms)
            writer.field("attempt", attempt)
            writer.field("worker", worker)
            if let omitted { writer.field("omitted", omitted) }
        }
    }

    package init?(parsing bytes: ArraySlice<UInt8>) {
        var record = ResultRecord(result: ArraySlice("null".utf8), at: 0, ms: 0, attempt: 0, worker: "")
        var range: Range<Int>?
        let isRead: Bool = bytes.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            return
                (try? scanner.object { key, found in
                    let value = UnsafeBufferPointer(rebasing: buffer[found])
                    switch String(decoding: key, as: UTF8.self) {
                    case "result": range = found
                    case "at": record.at = JSONReader.count(value)
                    case "ms": record.ms = JSONReader.count(value)
                    case "attempt": record.attempt = JSONReader.count(value)
                    case "worker": record.worker = JSONReader.string(value) ?? ""
                    case "omitted": record.omitted = JSONReader.string(value)
                    default: break
                    }
                }) != nil
        }
        guard isRead else { return nil }
        if let range {
            record.result = bytes[bytes.startIndex + range.lowerBound..<bytes.startIndex + range.upperBound]
        }
        self = record
    }
}
