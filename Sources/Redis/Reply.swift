/// One answer of the server, however deeply nested: a list of tokens in the order they arrived and one block of bytes.
///
/// There is no object per element, because those cost more than everything else about a large reply. Read it with a
/// `ReplyReader`.
package struct Reply: Sendable, Equatable {
    /// What an element is. A status line such as `OK` is a string.
    package enum Kind: UInt8, Sendable { case string, integer, null, array, error }

    /// One element. An array's own elements follow it.
    struct Token: Sendable, Equatable {
        let kind: Kind
        /// Bytes of a string or an error; elements of an array.
        let length: Int32
        /// Where the bytes begin; of an integer, its value.
        let value: Int
    }

    // The first token stands apart so that the commonest replies, a number or null, allocate nothing.
    private let first: Token
    private let rest: [Token]
    let bytes: [UInt8]

    init(first: Token, rest: [Token], bytes: [UInt8]) {
        self.first = first
        self.rest = rest
        self.bytes = bytes
    }

    var tokenCount: Int { rest.count + 1 }

    subscript(token index: Int) -> Token { index == 0 ? first : rest[index - 1] }
}

extension Reply {
    /// A cursor at the reply's beginning.
    package var reader: ReplyReader { ReplyReader(self) }

    /// What the reply is as a whole.
    package var kind: Kind { first.kind }

    /// The reply is null: no such key, or a blocking command that ran out of time.
    package var isNull: Bool { first.kind == .null }

    /// The reply as a number. Throws `protocolError` when it is neither a number nor the digits of one.
    package func integer() throws(RedisError) -> Int {
        var reader = self.reader
        return try reader.integer()
    }

    /// The reply as text. Throws `protocolError` when it is not a string or a number.
    package func string() throws(RedisError) -> String {
        var reader = self.reader
        return try reader.string()
    }

    /// The reply as text, or nil for null. Throws `protocolError` when it is neither.
    package func optionalString() throws(RedisError) -> String? {
        var reader = self.reader
        return try reader.optionalString()
    }
}
