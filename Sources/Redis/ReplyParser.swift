import CHiredis
import NIOCore

/// Turns bytes from the socket into replies. hiredis does the reading; the functions below receive each element from it
/// and write it into the flat form of `Reply`.
///
/// One parser serves one connection, on its event loop. After it has thrown, the stream has no meaning any more and the
/// connection must be closed.
final class ReplyParser {
    private let reader: UnsafeMutablePointer<redisReader>
    private var first: Reply.Token?
    private var rest: [Reply.Token] = []
    private var bytes: [UInt8] = []

    init() {
        guard let reader = redisReaderCreateWithFunctions(Self.functions) else { fatalError("out of memory") }
        self.reader = reader
        reader.pointee.privdata = Unmanaged.passUnretained(self).toOpaque()
    }

    deinit {
        redisReaderFree(reader)
    }

    /// Adds bytes from the socket. Throws `protocolError` when the parser is out of memory or already dead.
    func feed(_ buffer: ByteBuffer) throws(RedisError) {
        let status = buffer.withUnsafeReadableBytes { bytes in
            redisReaderFeed(reader, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        if status != REDIS_OK { throw failure }
    }

    /// The next complete reply, or nil when more bytes are needed. An error reply is a failure that belongs to its
    /// command, not a defect of the stream. Throws `protocolError` when the bytes are not the Redis protocol.
    func next() throws(RedisError) -> Result<Reply, RedisError>? {
        var reply: UnsafeMutableRawPointer?
        if redisReaderGetReply(reader, &reply) != REDIS_OK { throw failure }
        return reply == nil ? nil : takeReply()
    }

    private var failure: RedisError {
        .protocolError(String(cString: queue_reader_error(reader)))
    }

    private func takeReply() -> Result<Reply, RedisError>? {
        guard let first else { return nil }
        defer {
            self.first = nil
            rest = []
            bytes = []
        }
        if first.kind == .error { return .failure(RedisError(serverMessage: bytes)) }
        return .success(Reply(first: first, rest: rest, bytes: bytes))
    }

    private func append(_ kind: Reply.Kind, length: Int = 0, value: Int = 0) {
        // The reader refuses lengths beyond 32 bits itself.
        let token = Reply.Token(kind: kind, length: Int32(length), value: value)
        if first == nil { first = token } else { rest.append(token) }
    }

    private func append(_ kind: Reply.Kind, bytes text: UnsafeRawBufferPointer) {
        append(kind, length: text.count, value: bytes.count)
        bytes.append(contentsOf: text)
    }
}

extension ReplyParser {
    /// hiredis wants an object per element and takes a null pointer for a failed allocation; we make none, so every
    /// element gets this address, which nobody looks at.
    nonisolated(unsafe) private static let element = UnsafeMutableRawPointer(bitPattern: 1)

    /// The table hiredis calls into. Written once, never changed, never freed.
    nonisolated(unsafe) private static let functions: UnsafeMutablePointer<redisReplyObjectFunctions> = {
        let table = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
        table.initialize(
            to: redisReplyObjectFunctions(
                createString: { task, text, length in
                    let kind: Reply.Kind = task?.pointee.type == REDIS_REPLY_ERROR ? .error : .string
                    ReplyParser.of(task).append(kind, bytes: UnsafeRawBufferPointer(start: text, count: length))
                    return element
                },
                createArray: { task, count in
                    ReplyParser.of(task).append(.array, length: Int(count))
                    return element
                },
                createInteger: { task, number in
                    ReplyParser.of(task).append(.integer, value: Int(number))
                    return element
                },
                createNil: { task in
                    ReplyParser.of(task).append(.null)
                    return element
                },
                freeObject: { _ in }))
        return table
    }()

    /// The parser behind a callback: hiredis hands on the pointer that `init` stored.
    private static func of(_ task: UnsafePointer<redisReadTask>?) -> ReplyParser {
        guard let parser = task?.pointee.privdata else { preconditionFailure("hiredis lost the parser's address") }
        return Unmanaged.fromOpaque(parser).takeUnretainedValue()
    }
}
