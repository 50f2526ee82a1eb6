import NIOCore

/// The arguments of one command, already in the form they travel in (`$3\r\nfoo\r\n…`), so that a command costs one
/// buffer however many arguments it has.
package struct Arguments: Sendable {
    /// How many arguments were appended.
    package private(set) var count = 0

    /// The encoded arguments, without the count that precedes them on the wire.
    private(set) var body = ByteBuffer()

    /// No arguments yet. `capacity`, in bytes, saves the buffer from growing; every argument needs about 8 bytes more
    /// than its own length.
    package init(capacity: Int = 0) {
        if capacity > 0 { body.reserveCapacity(capacity) }
    }

    /// Bytes the arguments take on the wire.
    package var byteCount: Int { body.readableBytes }

    /// Appends a string as UTF-8.
    package mutating func append(_ string: String) {
        var string = string
        string.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Appends a number in decimal digits.
    package mutating func append(_ number: Int) {
        let length = number.decimalLength
        write(length: length) { $0.writeDecimal(number, length: length) }
    }

    /// Appends bytes as they are.
    package mutating func append(bytes: some Collection<UInt8>) {
        let isContiguous: Void? = bytes.withContiguousStorageIfAvailable { append(UnsafeRawBufferPointer($0)) }
        if isContiguous == nil { append(bytes: Array(bytes)) }
    }

    /// Appends every argument of `other`, in order.
    package mutating func append(contentsOf other: Arguments) {
        body.writeImmutableBuffer(other.body)
        count += other.count
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        write(length: bytes.count) { target in
            if let source = bytes.baseAddress { target.copyMemory(from: source, byteCount: bytes.count) }
        }
    }

    /// Writes one argument in one go: each access to the buffer has its price, and there are millions of arguments a second.
    private mutating func write(length: Int, _ content: (UnsafeMutableRawPointer) -> Void) {
        count += 1
        let digits = length.decimalLength
        let size = 1 + digits + 2 + length + 2
        body.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { target in
            guard let start = target.baseAddress else { return 0 }
            start.storeBytes(of: UInt8(ascii: "$"), as: UInt8.self)
            (start + 1).writeDecimal(length, length: digits)
            (start + 1 + digits).writeLineEnd()
            content(start + 3 + digits)
            (start + 3 + digits + length).writeLineEnd()
            return size
        }
    }
}

extension UnsafeMutableRawPointer {
    /// `\r\n`.
    fileprivate func writeLineEnd() {
        storeBytes(of: UInt8(ascii: "\r"), as: UInt8.self)
        (self + 1).storeBytes(of: UInt8(ascii: "\n"), as: UInt8.self)
    }

    /// A number in `length` decimal digits: `String(number)` would allocate for long ones.
    fileprivate func writeDecimal(_ number: Int, length: Int) {
        var rest = number.magnitude
        var position = length
        repeat {
            position -= 1
            (self + position).storeBytes(of: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10), as: UInt8.self)
            rest /= 10
        } while rest > 0
        if number < 0 { storeBytes(of: UInt8(ascii: "-"), as: UInt8.self) }
    }
}

extension ByteBuffer {
    /// Writes `\r\n`.
    mutating func writeLineEnd() {
        writeInteger(UInt16(0x0D0A))
    }

    /// Writes a number in decimal digits, straight into the buffer.
    mutating func writeDecimal(_ number: Int) {
        let length = number.decimalLength
        writeWithUnsafeMutableBytes(minimumWritableBytes: length) { bytes in
            bytes.baseAddress?.writeDecimal(number, length: length)
            return length
        }
    }
}

extension Int {
    /// How many characters the number has in decimal, with its sign.
    var decimalLength: Int {
        var length = self < 0 ? 2 : 1
        var rest = magnitude
        while rest >= 10 {
            rest /= 10
            length += 1
        }
        return length
    }
}
