/// A cursor over a reply: each call takes one element and moves on to the next.
///
/// A call that throws leaves the cursor where it was. What is thrown is `RedisError.protocolError`, for an element of
/// another kind than the one asked for or for a reply that is at its end; or, where the element is an error that the
/// server put inside an array, that very error.
package struct ReplyReader: Sendable {
    private let reply: Reply
    private var index = 0

    package init(_ reply: Reply) {
        self.reply = reply
    }

    /// Every element was taken.
    package var isAtEnd: Bool { index == reply.tokenCount }

    /// The kind of the next element, or nil at the end.
    package var peek: Reply.Kind? { isAtEnd ? nil : reply[token: index].kind }

    /// Enters an array; its elements come next. Answers how many there are.
    package mutating func array() throws(RedisError) -> Int {
        let token = try next()
        guard token.kind == .array else { throw mismatch("an array", token) }
        return take(Int(token.length))
    }

    /// Enters an array, or takes null and answers nil.
    package mutating func optionalArray() throws(RedisError) -> Int? {
        if skipNull() { return nil }
        return try array()
    }

    /// Takes a number. Scripts and hashes hand out numbers as strings, so their digits count as well.
    package mutating func integer() throws(RedisError) -> Int {
        let token = try next()
        switch token.kind {
        case .integer:
            return take(token.value)
        case .string:
            guard let number = Int(String(decoding: bytes(of: token), as: UTF8.self)) else {
                throw mismatch("a number", token)
            }
            return take(number)
        case .null, .array, .error:
            throw mismatch("a number", token)
        }
    }

    /// Takes a string, or the digits of a number. Bytes that are not UTF-8 become U+FFFD: where they matter, take
    /// `bytes()`.
    package mutating func string() throws(RedisError) -> String {
        let token = try next()
        switch token.kind {
        case .integer: return take(String(token.value))
        case .string: return take(String(decoding: bytes(of: token), as: UTF8.self))
        case .null, .array, .error: throw mismatch("a string", token)
        }
    }

    /// Takes a string, or null as nil.
    package mutating func optionalString() throws(RedisError) -> String? {
        if skipNull() { return nil }
        return try string()
    }

    /// Takes a string's bytes. The slice keeps the whole reply in memory: copy it to keep it for long.
    package mutating func bytes() throws(RedisError) -> ArraySlice<UInt8> {
        let token = try next()
        guard token.kind == .string else { throw mismatch("a string", token) }
        return take(bytes(of: token))
    }

    /// Takes a string's bytes, or null as nil.
    package mutating func optionalBytes() throws(RedisError) -> ArraySlice<UInt8>? {
        if skipNull() { return nil }
        return try bytes()
    }

    /// Takes an error that the server put inside an array.
    package mutating func error() throws(RedisError) -> RedisError {
        let token = try next()
        guard token.kind == .error else { throw mismatch("an error", token) }
        return take(RedisError(serverMessage: bytes(of: token)))
    }

    /// Takes one element unseen, an array with all that is in it.
    package mutating func skip() throws(RedisError) {
        _ = try next()
        var remaining = 1
        while remaining > 0 {
            let token = reply[token: index]
            remaining += token.kind == .array ? Int(token.length) - 1 : -1
            index += 1
        }
    }
}

extension ReplyReader {
    private func next() throws(RedisError) -> Reply.Token {
        guard !isAtEnd else { throw .protocolError("the reply ended early") }
        return reply[token: index]
    }

    private mutating func take<Value>(_ value: Value) -> Value {
        index += 1
        return value
    }

    private mutating func skipNull() -> Bool {
        guard peek == .null else { return false }
        index += 1
        return true
    }

    private func bytes(of token: Reply.Token) -> ArraySlice<UInt8> {
        reply.bytes[token.value..<token.value + Int(token.length)]
    }

    private func mismatch(_ expected: String, _ token: Reply.Token) -> RedisError {
        guard token.kind != .error else { return RedisError(serverMessage: bytes(of: token)) }
        return .protocolError("element \(index) should be \(expected) but is of kind \(token.kind)")
    }
}
