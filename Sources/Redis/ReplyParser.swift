import CHiredis
import NIOCore

/// Turns bytes from the socket into replies. hiredis does the reading; the functions below receive each element from it
/// and write it into the flat form of `Reply`.
///
/// One parser serves one connection, on its event loop. After it has thrown, the stream has no meaning any more and the
/// connection must be closed.
final class ReplyParser {
    private let reader: UnsafeMutablePointer<redisReader>
    /// What hiredis' callbacks write to. Behind a pointer because a property of this class would be checked for
    /// overlapping access at every element, which is measurable; the callbacks run only within `next()`.
    private let tape: UnsafeMutablePointer<Tape>

    init() {
        // hiredis answers nil only when malloc fails, and nothing can go on without a reader.
        guard let reader = redisReaderCreateWithFunctions(Self.functions) else { fatalError("out of memory") }
        self.reader = reader
        tape = .allocate(capacity: 1)
        tape.initialize(to: Tape())
        reader.pointee.privdata = UnsafeMutableRawPointer(tape)
    }

    deinit {
        redisReaderFree(reader)
        tape.deinitialize(count: 1)
        tape.deallocate()
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
        let tape = self.tape.move()
        self.tape.initialize(to: Tape())
        guard let first = tape.first else { return nil }
        if first.kind == .error { return .failure(RedisError(serverMessage: tape.bytes)) }
        return .success(Reply(first: first, rest: tape.rest, bytes: tape.bytes))
    }
}

/// A reply as it grows.
private struct Tape {
    var first: Reply.Token?
    var rest: [Reply.Token] = []
    var bytes: [UInt8] = []

    mutating func append(_ kind: Reply.Kind, length: Int = 0, value: Int = 0) {
        // The reader refuses lengths beyond 32 bits itself.
        let token = Reply.Token(kind: kind, length: Int32(length), value: value)
        if first == nil { first = token } else { rest.append(token) }
    }

    mutating func append(_ kind: Reply.Kind, bytes text: UnsafeRawBufferPointer) {
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
                    let bytes = UnsafeRawBufferPointer(start: text, count: length)
                    ReplyParser.tape(task).pointee.append(kind, bytes: bytes)
                    return element
                },
                createArray: { task, count in
                    ReplyParser.tape(task).pointee.append(.array, length: Int(count))
                    return element
                },
                createInteger: { task, number in
                    ReplyParser.tape(task).pointee.append(.integer, value: Int(number))
                    return element
                },
                createNil: { task in
                    ReplyParser.tape(task).pointee.append(.null)
                    return element
                },
                freeObject: { _ in }))
        return table
    }()

    /// The tape behind a callback: hiredis hands on the pointer that `init` stored.
    private static func tape(_ task: UnsafePointer<redisReadTask>?) -> UnsafeMutablePointer<Tape> {
        guard let tape = task?.pointee.privdata else { preconditionFailure("hiredis lost the tape's address") }
        return tape.assumingMemoryBound(to: Tape.self)
    }
}
