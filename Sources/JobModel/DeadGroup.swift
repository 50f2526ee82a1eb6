/// Dead jobs of one name that died of the same thing: what a person looks at first when many have died.
package struct DeadGroup: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Of the jobs; `?` where their envelopes cannot be read. No job can have that name.
    package var name: String
    /// Of the error: 12 hexadecimal digits.
    package var fingerprint: String

    /// The name of what has none.
    package static let nameless = "?"

    /// The group of a job by the entry that ended it; `name` is nil when the envelope cannot be read.
    package init(name: String?, _ entry: ErrorEntry) {
        self.name = name ?? Self.nameless
        // What is cut when it is stored must not count before that either.
        // Of a lost run nobody tells more than whose it was.
        fingerprint = Fingerprint.of(
            entry.reason, type: entry.storedType, message: entry.reason == .lost ? "" : entry.storedMessage)
    }

    /// Reads `description`: `email.send/0123456789ab`. nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, Names.isName(parts[0]) || parts[0] == Self.nameless, Fingerprint.isOne(parts[1]) else {
            return nil
        }
        (name, fingerprint) = (parts[0], parts[1])
    }

    package var description: String { "\(name)/\(fingerprint)" }

    /// By the bytes of the text, as Redis orders them.
    package static func < (a: Self, b: Self) -> Bool {
        a.description.utf8.lexicographicallyPrecedes(b.description.utf8)
    }
}

/// What stays of an error when everything is taken out that differs from one run to the next.
package enum Fingerprint {
    /// 12 hexadecimal digits: the 64 bits of FNV-1a folded to 48, over reason, type and message in their plain forms, a zero
    /// byte between them.
    ///
    /// It is stored with dead jobs, so the same error has to have the same digits in every version: a change here starts new
    /// groups beside the old ones.
    package static func of(_ reason: Reason, type: String, message: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        let parts = [reason.rawValue, plain(type), plain(message)]
        for byte in parts.joined(separator: "\0").utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let folded = hash >> 48 ^ hash & 0xFFFF_FFFF_FFFF
        let digits = String(folded, radix: 16)
        return String(repeating: "0", count: 12 - digits.count) + digits
    }

    /// Can this be a fingerprint?
    package static func isOne(_ text: String) -> Bool {
        text.utf8.count == 12
            && text.utf8.allSatisfy { isDigit($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) }
    }

    /// Bytes of a text that count.
    package static let limit = 1000

    /// The first 1,000 bytes of a text, where
    /// - these are `#`: a UUID; a word with a digit in it that has 16 letters and digits or more, or four hexadecimal digits or
    ///   more and nothing else, or eight or more with digits in several places, or that begins with `0x`; and every other run
    ///   of digits, also inside a word;
    /// - numbers with `.`, `,` or `:` between them are one `#`: `1.5`, `10.0.0.1:6379`, `04:12:09`;
    /// - what stands between two quotes (`"`, `` ` ``, or `'` that is no apostrophe) is gone, and the quotes stay;
    /// - white space and control characters, however many, are one blank.
    package static func plain(_ text: String) -> String {
        var reader = PlainReader(bytes: Array(text.utf8.prefix(limit)))
        return String(decoding: reader.read(), as: UTF8.self)
    }

    fileprivate static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}

/// Goes through a text once.
private struct PlainReader {
    let bytes: [UInt8]
    private var at = 0
    private var out: [UInt8] = []
    private static let mark = UInt8(ascii: "#")

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func read() -> [UInt8] {
        while at < bytes.count {
            let byte = bytes[at]
            if byte <= 0x20 || byte == 0x7F {
                if let last = out.last, last != 0x20 { out.append(0x20) }
                at += 1
            } else if isWord(byte) {
                word()
            } else if let end = closing(byte) {
                out += [byte, byte]
                at = end + 1
            } else {
                out.append(byte)
                at += 1
            }
        }
        if out.last == 0x20 { out.removeLast() }
        return out
    }

    private func isWord(_ byte: UInt8) -> Bool { Fingerprint.isDigit(byte) || isLetter(byte) }

    private func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }

    private func isHex(_ byte: UInt8) -> Bool {
        Fingerprint.isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }

    /// Where the quotation ends that begins here; nil when none begins.
    private func closing(_ quote: UInt8) -> Int? {
        let isSingle = quote == UInt8(ascii: "'")
        guard isSingle || quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "`") else { return nil }
        // `can't` opens nothing, and `it's` closes nothing.
        if isSingle, at > 0, isWord(bytes[at - 1]) { return nil }
        return bytes.indices[(at + 1)...].first { index in
            bytes[index] == quote && !(isSingle && index + 1 < bytes.count && isWord(bytes[index + 1]))
        }
    }

    private mutating func word() {
        if isUUID {
            at += 36
            return number()
        }
        let word = bytes[at...].prefix(while: isWord)
        at += word.count
        if isID(word) { return number() }
        var rest = word
        while let byte = rest.first {
            if Fingerprint.isDigit(byte) {
                rest = rest.drop(while: Fingerprint.isDigit)
                number()
            } else {
                out.append(byte)
                rest = rest.dropFirst()
            }
        }
    }

    private func isID(_ word: ArraySlice<UInt8>) -> Bool {
        guard word.contains(where: Fingerprint.isDigit) else { return false }
        if word.count > 2, word.first == UInt8(ascii: "0"),
            word.dropFirst().first.map({ $0 | 0x20 }) == UInt8(ascii: "x")
        {
            return word.dropFirst(2).allSatisfy(isHex)
        }
        if word.count >= 16 || word.count >= 4 && word.allSatisfy(isHex) { return true }
        return word.count >= 8 && word.split(whereSeparator: isLetter).count > 1
    }

    /// 8-4-4-4-12 hexadecimal digits, and no more.
    private var isUUID: Bool {
        guard at + 36 <= bytes.count, at + 36 == bytes.count || !isWord(bytes[at + 36]) else { return false }
        return (0..<36).allSatisfy { place in
            [8, 13, 18, 23].contains(place) ? bytes[at + place] == UInt8(ascii: "-") : isHex(bytes[at + place])
        }
    }

    /// A number, which takes the one before it in when only a point, comma or colon is between.
    private mutating func number() {
        let separators: Set<UInt8> = [UInt8(ascii: "."), UInt8(ascii: ","), UInt8(ascii: ":")]
        if out.count >= 2, out[out.count - 2] == Self.mark, let last = out.last, separators.contains(last) {
            out.removeLast()
        } else {
            out.append(Self.mark)
        }
    }
}
