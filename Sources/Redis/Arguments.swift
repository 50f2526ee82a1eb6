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
        begin(length: string.utf8.count)
        body.writeString(string)
        body.writeLineEnd()
    }

    /// Appends a number in decimal digits.
    package mutating func append(_ number: Int) {
        begin(length: number.decimalLength)
        body.writeDecimal(number)
        body.writeLineEnd()
    }

    /// Appends bytes as they are.
    package mutating func append(bytes: some Collection<UInt8>) {
        begin(length: bytes.count)
        body.writeBytes(bytes)
        body.writeLineEnd()
    }

    /// Appends every argument of `other`, in order.
    package mutating func append(contentsOf other: Arguments) {
        body.writeImmutableBuffer(other.body)
        count += other.count
    }

    private mutating func begin(length: Int) {
        count += 1
        body.writeInteger(UInt8(ascii: "$"))
        body.writeDecimal(length)
        body.writeLineEnd()
    }
}

extension ByteBuffer {
    /// Writes `\r\n`.
    mutating func writeLineEnd() {
        writeInteger(UInt16(0x0D0A))
    }

    /// Writes a number in decimal digits, straight into the buffer: `String(number)` would allocate for long ones.
    mutating func writeDecimal(_ number: Int) {
        let length = number.decimalLength
        writeWithUnsafeMutableBytes(minimumWritableBytes: length) { bytes in
            var rest = number.magnitude
            var position = length
            repeat {
                position -= 1
                bytes[position] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            if number < 0 { bytes[0] = UInt8(ascii: "-") }
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
