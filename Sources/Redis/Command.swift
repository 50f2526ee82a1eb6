import NIOCore

/// One command for the server: its name and its arguments.
package struct Command: Sendable {
    /// The command's name, as in `SET`; one word.
    package let name: String
    private let arguments: Arguments

    package init(_ name: String, _ arguments: Arguments) {
        self.name = name
        self.arguments = arguments
    }

    /// A command of strings, as in `Command("SET", "key", "value")`.
    package init(_ name: String, _ arguments: String...) {
        var encoded = Arguments(capacity: arguments.reduce(0) { $0 + $1.utf8.count + 16 })
        for argument in arguments { encoded.append(argument) }
        self.init(name, encoded)
    }

    /// Bytes the command takes on the wire, within a few: the unit of the client's limit on memory.
    package var byteCount: Int { arguments.byteCount + name.utf8.count + 16 }

    /// Appends the whole command in the form the server reads: an array of byte strings.
    func encode(into buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt8(ascii: "*"))
        buffer.writeDecimal(arguments.count + 1)
        buffer.writeLineEnd()
        buffer.writeInteger(UInt8(ascii: "$"))
        buffer.writeDecimal(name.utf8.count)
        buffer.writeLineEnd()
        buffer.writeString(name)
        buffer.writeLineEnd()
        buffer.writeImmutableBuffer(arguments.body)
    }
}
