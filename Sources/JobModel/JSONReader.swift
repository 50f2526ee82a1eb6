/// Reads the values that `JSONScanner` found: small numbers, strings, lists and maps of our own documents.
package enum JSONReader {
    /// A whole number without fraction or exponent that fits into 64 bits.
    package static func int(_ value: UnsafeBufferPointer<UInt8>) -> Int? {
        var rest = value[...]
        let negative = rest.first == UInt8(ascii: "-")
        if negative { rest = rest.dropFirst() }
        guard !rest.isEmpty, rest.count < 19 else { return nil }
        var number = 0
        for byte in rest {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            number = number * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return negative ? -number : number
    }

    /// A count or a moment in a record that anybody may have written: 0 to 2^53, so that one more never overflows.
    package static func count(_ value: UnsafeBufferPointer<UInt8>) -> Int { min(max(0, int(value) ?? 0), 1 << 53) }

    /// A string with its quotes; lone surrogates become U+FFFD.
    package static func string(_ value: UnsafeBufferPointer<UInt8>) -> String? {
        guard value.count >= 2, value.first == UInt8(ascii: "\"") else { return nil }
        let inner = value[1..<value.count - 1]
        if !inner.contains(UInt8(ascii: "\\")) { return String(decoding: inner, as: UTF8.self) }
        return unescape(inner)
    }

    /// A key as the scanner gives it, without its quotes.
    package static func key(_ raw: UnsafeBufferPointer<UInt8>) -> String {
        raw.contains(UInt8(ascii: "\\")) ? unescape(raw[...]) : String(decoding: raw, as: UTF8.self)
    }

    /// A list of strings, or nil when it holds anything else.
    package static func strings(_ value: UnsafeBufferPointer<UInt8>) -> [String]? {
        var list: [String] = []
        let isFine = eachElement(value) { element in
            guard let text = string(element) else { return false }
            list.append(text)
            return true
        }
        return isFine ? list : nil
    }

    /// A list of whole numbers, or nil when it holds anything else.
    package static func ints(_ value: UnsafeBufferPointer<UInt8>) -> [Int]? {
        var list: [Int] = []
        let isFine = eachElement(value) { element in
            guard let number = int(element) else { return false }
            list.append(number)
            return true
        }
        return isFine ? list : nil
    }

    /// An object whose values are strings, or nil when it holds anything else.
    package static func map(_ value: UnsafeBufferPointer<UInt8>) -> [String: String]? {
        var map: [String: String] = [:]
        var isFine = true
        var scanner = JSONScanner(value)
        try? scanner.object { key, range in
            let text = string(UnsafeBufferPointer(rebasing: value[range]))
            isFine = isFine && text != nil
            map[unescape(key[...])] = text
        }
        return isFine && value.first == UInt8(ascii: "{") ? map : nil
    }

    /// Calls `element` for each element of an array until it answers false.
    private static func eachElement(
        _ value: UnsafeBufferPointer<UInt8>, _ element: (UnsafeBufferPointer<UInt8>) -> Bool
    ) -> Bool {
        guard value.count >= 2, value.first == UInt8(ascii: "[") else { return false }
        var at = 1
        while at < value.count - 1 {
            var scanner = JSONScanner(UnsafeBufferPointer(rebasing: value[at...]))
            guard let range = try? scanner.value() else { return isBlank(value[at..<value.count - 1]) }
            guard element(UnsafeBufferPointer(rebasing: value[at + range.lowerBound..<at + range.upperBound])) else {
                return false
            }
            at += range.upperBound
            while at < value.count - 1, value[at] != UInt8(ascii: ",") { at += 1 }
            at += 1
        }
        return true
    }

    private static func isBlank(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Bool { bytes.allSatisfy { $0 <= 0x20 } }

    private static func unescape(_ inner: Slice<UnsafeBufferPointer<UInt8>>) -> String {
        var units: [UInt16] = []  // UTF-16, so that escaped surrogate pairs join by themselves
        var plain: [UInt8] = []
        func flush() {
            units.append(contentsOf: String(decoding: plain, as: UTF8.self).utf16)
            plain.removeAll(keepingCapacity: true)
        }
        var at = inner.startIndex
        while at < inner.endIndex {
            guard inner[at] == UInt8(ascii: "\\"), at + 1 < inner.endIndex else {
                plain.append(inner[at])
                at += 1
                continue
            }
            flush()
            if inner[at + 1] == UInt8(ascii: "u"), at + 5 < inner.endIndex {
                units.append(UInt16(String(decoding: inner[at + 2...at + 5], as: UTF8.self), radix: 16) ?? 0xFFFD)
                at += 6
            } else {
                units.append(UInt16(simpleEscape(inner[at + 1])))
                at += 2
            }
        }
        flush()
        return String(decoding: units, as: UTF16.self)
    }

    private static func simpleEscape(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "b"): 8
        case UInt8(ascii: "f"): 12
        case UInt8(ascii: "n"): 10
        case UInt8(ascii: "r"): 13
        case UInt8(ascii: "t"): 9
        default: byte
        }
    }
}
