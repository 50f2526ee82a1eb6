/// A job as it is stored: readable JSON, written once by the producer, never parsed by a script.
///
///     {"name":"email.send","created_ms":1763700000000,"timeout_ms":30000,"payload":{"to":"a@example.org"}}
///
/// Only `name` is required. Unknown fields are left alone, so that newer producers can work with older workers.
package struct Envelope: Equatable, Sendable {
    package var name: String
    /// JSON, untouched. `null` when the document has none.
    package var payload: ArraySlice<UInt8>
    package var policy = Policy.standard
    /// When the producer made it, ms since 1970, by Redis' clock as the producer knew it. 0 when unknown.
    package var createdMs = 0
    package var tags: [String] = []
    package var metadata: [String: String] = [:]
    /// Of the request that brought the job, for logs: 1 to 128 printable ASCII characters; nil where none did.
    package var requestID: String?
    /// Only in envelopes that come through the inbox: the job's id.
    package var id: String?
    /// When it was to start first, as the producer said it. Nothing but a statement once the job is stored.
    package var due = Due.now

    package init(name: String, payload: ArraySlice<UInt8>) {
        self.name = name
        self.payload = payload
    }

    /// When it could have started first, ms since 1970; 0 when unknown.
    package var readyMs: Int {
        switch due {
        case .now: createdMs
        case .at(let ms): max(createdMs, ms)
        case .after(let ms): createdMs == 0 ? 0 : createdMs + ms
        }
    }

    /// Why an envelope was refused: a sentence for the dead letter.
    package struct Refusal: Error, Equatable, CustomStringConvertible {
        package var description: String
        package init(_ description: String) { self.description = description }
    }
}

// MARK: - Writing

extension Envelope {
    package func encoded() -> [UInt8] {
        JSONWriter.object(capacity: 160 + payload.count) { writer in
            writer.field("name", name)
            if createdMs != 0 { writer.field("created_ms", createdMs) }
            if case .at(let ms) = due { writer.field("run_at_ms", ms) }
            policy.write(to: &writer)
            if !tags.isEmpty { writer.field("tags", tags) }
            if !metadata.isEmpty { writer.field("metadata", metadata) }
            if let requestID { writer.field("request_id", requestID) }
            writer.field("payload", json: payload)
        }
    }
}

extension Policy {
    fileprivate func write(to writer: inout JSONWriter) {
        let standard = Policy.standard
        if priority != standard.priority { writer.field("priority", priority.value) }
        if maxAttempts != standard.maxAttempts { writer.field("max_attempts", maxAttempts) }
        if timeoutMs != standard.timeoutMs { writer.field("timeout_ms", timeoutMs) }
        if resultTTLMs != standard.resultTTLMs { writer.field("result_ttl_ms", resultTTLMs) }
        if let expiresMs { writer.field("expires_ms", expiresMs) }
        if backoff != standard.backoff { writer.field("backoff", json: backoff.encoded()) }
    }
}

extension Backoff {
    /// As it stands in envelopes: `{"base_ms":…,"cap_ms":…,"jitter_percent":…}`, `{"fixed_ms":…}` or `{"list_ms":[…]}`.
    package func encoded() -> [UInt8] { JSONWriter.object(capacity: 64) { write(to: &$0) } }

    private func write(to writer: inout JSONWriter) {
        switch self {
        case .exponential(let base, let cap, let jitter):
            writer.field("base_ms", base.milliseconds)
            writer.field("cap_ms", cap.milliseconds)
            writer.field("jitter_percent", Int(Backoff.fraction(jitter) * 100 + 0.5))
        case .fixed(let wait): writer.field("fixed_ms", wait.milliseconds)
        case .list(let waits): writer.field("list_ms", waits.map(\.milliseconds))
        }
    }
}

// MARK: - Reading

extension Envelope {
    /// Reads a stored envelope. Throws a `Refusal` when it is no JSON object, lacks a name, or a field has a wrong type
    /// or range; the job is then dead with the reason `malformed`.
    package init(parsing bytes: ArraySlice<UInt8>) throws(Refusal) {
        let parsed = bytes.withUnsafeBufferPointer { buffer in
            Result { () throws(Refusal) in try Self.parse(buffer) }
        }
        let (envelope, payload) = try parsed.get()
        self = envelope
        if let payload {
            self.payload = bytes[bytes.startIndex + payload.lowerBound..<bytes.startIndex + payload.upperBound]
        }
    }

    private static func parse(_ buffer: UnsafeBufferPointer<UInt8>) throws(Refusal) -> (Envelope, Range<Int>?) {
        var envelope = Envelope(name: "", payload: ArraySlice("null".utf8))
        var payload: Range<Int>?
        var wrong: String?
        var scanner = JSONScanner(buffer)
        do throws(JSONScanner.Failure) {
            try scanner.object { key, range in
                if key.isKey("payload") {
                    payload = range
                } else if !envelope.take(key, UnsafeBufferPointer(rebasing: buffer[range])) {
                    wrong = wrong ?? String(decoding: key, as: UTF8.self)
                }
            }
            try scanner.end()
        } catch {
            throw Refusal("not a JSON object: \(error)")
        }
        if let wrong { throw Refusal("the field \"\(Printable.oneLine(wrong, limit: 64))\" has a wrong type or range") }
        guard Names.isName(envelope.name) else {
            throw Refusal(NameError(what: "job name", text: envelope.name).description)
        }
        return (envelope, payload)
    }

    /// Takes one field; false when its value will not do.
    private mutating func take(_ key: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) -> Bool {
        if key.isKey("name") { return Self.store(JSONReader.string(value), in: &name) }
        if key.isKey("created_ms") { return Self.store(moment(value), in: &createdMs) }
        switch String(decoding: key, as: UTF8.self) {
        case "id": return Self.store(JSONReader.string(value).map(Optional.some), in: &id)
        case "priority": return Self.store(JSONReader.int(value).flatMap(Priority.init), in: &policy.priority)
        case "max_attempts": return Self.store(number(value, 1...1_000_000), in: &policy.maxAttempts)
        case "timeout_ms":
            let timeout = number(value, -1...Due.latest).flatMap { $0 == 0 ? nil : $0 }
            return Self.store(timeout, in: &policy.timeoutMs)
        case "result_ttl_ms": return Self.store(number(value, -1...Due.latest), in: &policy.resultTTLMs)
        case "expires_ms": return Self.store(moment(value).map(Optional.some), in: &policy.expiresMs)
        case "backoff": return Self.store(Backoff(parsing: value), in: &policy.backoff)
        case "tags":
            let words = JSONReader.strings(value).flatMap { $0.allSatisfy(Names.isName) ? $0 : nil }
            return Self.store(words, in: &tags)
        case "request_id":
            let id = JSONReader.string(value).flatMap { Names.isRequestID($0) ? $0 : nil }
            return Self.store(id.map(Optional.some), in: &requestID)
        case "metadata": return Self.store(JSONReader.map(value), in: &metadata)
        case "delay_ms":
            return Self.store(number(value, 0...Due.latest).map { $0 == 0 ? .now : .after(ms: $0) }, in: &due)
        case "run_at_ms": return Self.store(moment(value).map { .at(ms: $0) }, in: &due)
        default: return true
        }
    }

    private static func store<T>(_ value: T?, in field: inout T) -> Bool {
        guard let value else { return false }
        field = value
        return true
    }

    private func moment(_ value: UnsafeBufferPointer<UInt8>) -> Int? { number(value, 0...Due.latest) }

    private func number(_ value: UnsafeBufferPointer<UInt8>, _ range: ClosedRange<Int>) -> Int? {
        JSONReader.int(value).flatMap { range.contains($0) ? $0 : nil }
    }
}

extension Backoff {
    fileprivate init?(parsing value: UnsafeBufferPointer<UInt8>) {
        var numbers: [String: Int] = [:]
        var list: [Int]?
        var scanner = JSONScanner(value)
        do throws(JSONScanner.Failure) {
            try scanner.object { key, range in
                let field = UnsafeBufferPointer(rebasing: value[range])
                let name = String(decoding: key, as: UTF8.self)
                if name == "list_ms" { list = JSONReader.ints(field) } else { numbers[name] = JSONReader.int(field) }
            }
        } catch { return nil }
        guard numbers.values.allSatisfy({ (0...Due.latest).contains($0) }) else { return nil }
        if let list {
            guard list.count <= 1000, list.allSatisfy({ (0...Due.latest).contains($0) }) else { return nil }
            self = .list(list.map { .milliseconds($0) })
        } else if let fixed = numbers["fixed_ms"] {
            self = .fixed(.milliseconds(fixed))
        } else if let base = numbers["base_ms"], let cap = numbers["cap_ms"] {
            let percent = min(numbers["jitter_percent"] ?? 0, 100)
            self = .exponential(base: .milliseconds(base), cap: .milliseconds(cap), jitter: Double(percent) / 100)
        } else {
            return nil
        }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Are these the bytes of `name`? The keys of nearly every envelope are told apart without making strings of them.
    fileprivate func isKey(_ name: StaticString) -> Bool {
        count == name.utf8CodeUnitCount && name.withUTF8Buffer { $0.elementsEqual(self) }
    }
}
