/// What somebody did at the terminal.
package enum Key: Equatable, Sendable {
    /// A character that can be typed. Never a control character.
    case text(Character)
    /// Ctrl and a letter, in lower case.
    case control(Character)
    case enter, escape, tab, backTab, backspace, delete
    case up, down, left, right, pageUp, pageDown, home, end
    case function(Int)
    /// The wheel: rows, downwards is positive.
    case wheel(Int)
    /// The left button, with column and row from 0.
    case click(Int, Int)
    /// Text that was pasted, on one line.
    case paste(String)
    /// A sequence that means nothing here.
    case unknown
}

/// Bytes of a terminal in, keys out. They may come in any pieces.
package struct KeyParser: Sendable {
    private var bytes: [UInt8] = []
    /// Longest sequence; what is longer is none.
    private static let longest = 64
    private static let longestPaste = 64 << 10

    package init() {}

    /// Bytes wait for the rest of a sequence. When none comes for a while, `flush`.
    package var isWaiting: Bool { !bytes.isEmpty && !isPasting }

    /// What is pasted ends where the terminal says so, however long that takes: its letters must not become commands.
    private var isPasting: Bool { bytes.starts(with: Self.pasteMark) }
    private static let pasteMark = Array("\u{1B}[200~".utf8)

    /// The keys that are complete with these bytes.
    package mutating func feed(_ more: some Sequence<UInt8>) -> [Key] {
        bytes += more
        var keys: [Key] = []
        while let key = next() { keys.append(key) }
        return keys
    }

    /// Nothing more came: Escape was pressed by itself, or a sequence was torn.
    package mutating func flush() -> [Key] {
        guard isWaiting, let first = bytes.first else { return [] }
        if first != 0x1B || bytes.count > 1 {
            bytes = []
            return [.unknown]
        }
        bytes = []
        return [.escape]
    }

    // MARK: Pieces

    private mutating func next() -> Key? {
        guard let first = bytes.first else { return nil }
        if first == 0x1B { return sequence() }
        if first < 0x20 || first == 0x7F {
            bytes.removeFirst()
            return Self.control(first)
        }
        return character()
    }

    private static func control(_ byte: UInt8) -> Key {
        switch byte {
        case 0x0D, 0x0A: .enter
        case 0x09: .tab
        case 0x08, 0x7F: .backspace
        case 1...26: .control(Character(UnicodeScalar(byte + 0x60)))
        default: .unknown
        }
    }

    /// A character in UTF-8.
    private mutating func character() -> Key? {
        let first = bytes[0]
        let length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 1
        let tail = bytes.dropFirst().prefix(length - 1)
        if let wrong = tail.firstIndex(where: { $0 & 0xC0 != 0x80 }) {
            bytes.removeFirst(wrong)
            return .unknown
        }
        guard tail.count == length - 1 else { return nil }
        let text = String(validating: bytes.prefix(length), as: UTF8.self)
        bytes.removeFirst(length)
        guard let scalar = text?.unicodeScalars.first, !(0x80..<0xA0).contains(scalar.value) else { return .unknown }
        return .text(Character(scalar))
    }

    /// What begins with Escape; nil while it is not complete.
    private mutating func sequence() -> Key? {
        guard bytes.count > 1 else { return nil }
        switch bytes[1] {
        case UInt8(ascii: "["): return bracket()
        case UInt8(ascii: "O"):
            guard bytes.count > 2 else { return nil }
            let final = bytes[2]
            bytes.removeFirst(3)
            return Self.key(final: final, [])
        case 0x1B:
            bytes.removeFirst()
            return .escape
        default:
            // Alt and a key.
            bytes.removeFirst(2)
            return .unknown
        }
    }

    private mutating func bracket() -> Key? {
        guard let end = bytes.dropFirst(2).firstIndex(where: { (0x40...0x7E).contains($0) }) else {
            return bytes.count > Self.longest ? drop(bytes.count) : nil
        }
        let parameters = bytes[2..<end]
        if parameters.contains(where: { $0 < 0x20 || $0 > 0x3F }) { return drop(2) }
        let final = bytes[end]
        if final == UInt8(ascii: "~"), parameters.elementsEqual("200".utf8) { return paste(from: end + 1) }
        // The console of Linux says F1 to F5 so.
        if final == UInt8(ascii: "["), parameters.isEmpty {
            guard bytes.count > 3 else { return nil }
            let number = Int(bytes[3]) - 0x40
            bytes.removeFirst(4)
            return (1...5).contains(number) ? .function(number) : .unknown
        }
        bytes.removeFirst(end + 1)
        if parameters.first == UInt8(ascii: "<") {
            return Self.mouse(Self.numbers(parameters.dropFirst()), isPress: final == UInt8(ascii: "M"))
        }
        return Self.key(final: final, Self.numbers(parameters))
    }

    private mutating func drop(_ count: Int) -> Key {
        bytes.removeFirst(count)
        return .unknown
    }

    /// Everything up to the mark that ends it, so that pasted letters are no commands.
    private mutating func paste(from start: Int) -> Key? {
        let mark = Array("\u{1B}[201~".utf8)
        guard let end = bytes[start...].firstRange(of: mark) else {
            // Nobody types that much; only the end of it can still be found.
            if bytes.count > Self.longestPaste { bytes.removeSubrange(start..<bytes.count - mark.count) }
            return nil
        }
        let text = String(decoding: bytes[start..<end.lowerBound], as: UTF8.self)
        bytes.removeFirst(end.upperBound)
        let isShown = { (scalar: Unicode.Scalar) in Width.of(scalar) != nil }
        var line = String.UnicodeScalarView()
        line.append(contentsOf: text.unicodeScalars.map { $0 == "\n" || $0 == "\t" ? " " : $0 }.filter(isShown))
        return .paste(String(line))
    }

    // MARK: Meanings

    private static func numbers(_ parameters: ArraySlice<UInt8>) -> [Int] {
        parameters.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map { digits in
            Int(String(decoding: digits.prefix(6), as: UTF8.self)) ?? 0
        }
    }

    private static func key(final: UInt8, _ numbers: [Int]) -> Key {
        switch UnicodeScalar(final) {
        case "A": .up
        case "B": .down
        case "C": .right
        case "D": .left
        case "H": .home
        case "F": .end
        case "Z": .backTab
        case "M": .enter
        case "P", "Q", "R", "S": .function(Int(final) - 0x4F)
        case "~": tilde(numbers.first ?? 0)
        default: .unknown
        }
    }

    private static func tilde(_ number: Int) -> Key {
        switch number {
        case 1, 7: .home
        case 4, 8: .end
        case 3: .delete
        case 5: .pageUp
        case 6: .pageDown
        case 11...15: .function(number - 10)
        case 17...21: .function(number - 11)
        default: .unknown
        }
    }

    private static func mouse(_ numbers: [Int], isPress: Bool) -> Key {
        guard numbers.count == 3, isPress else { return .unknown }
        return switch numbers[0] {
        case 0: .click(max(0, numbers[1] - 1), max(0, numbers[2] - 1))
        case 64: .wheel(-3)
        case 65: .wheel(3)
        default: .unknown
        }
    }
}
