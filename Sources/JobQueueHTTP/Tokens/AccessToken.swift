import Crypto

/// What a client sends to be known: `qw_<id>_<secret><checksum>`, 52 characters.
///
/// The id (12 characters of `0-9 a-z`) is no secret: it stands in lists and logs. The secret (30 characters of
/// `0-9 A-Z a-z`, 178 random bits) is known to its owner only. The checksum (6 characters) is the CRC-32 of both: a token
/// that was mistyped or cut is refused without asking anybody, and a scanner of sources takes no other text for one.
package struct AccessToken: Sendable {
    /// Lower case, so that nobody confuses two of them on paper.
    static let idLength = 12
    private static let secretLength = 30
    private static let checksumLength = 6
    private static let digits = Array("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
    private static let idDigits = digits.prefix(36)

    package let id: String
    private let secret: [UInt8]

    /// A new one, of the system's random numbers.
    package init() {
        var generator = SystemRandomNumberGenerator()
        func random(_ count: Int, of digits: ArraySlice<UInt8>) -> [UInt8] {
            (0..<count).map { _ in digits[Int.random(in: digits.indices, using: &generator)] }
        }
        id = String(decoding: random(Self.idLength, of: Self.idDigits), as: UTF8.self)
        secret = random(Self.secretLength, of: Self.digits[...])
    }

    /// Nil unless the text is a whole token whose checksum is right.
    package init?(_ text: String) {
        var rest = Array(text.utf8)[...]
        func take(_ count: Int) -> ArraySlice<UInt8> {
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        guard take(3).elementsEqual("qw_".utf8) else { return nil }
        let id = take(Self.idLength)
        guard Self.isID(id), take(1).elementsEqual("_".utf8) else { return nil }
        let secret = take(Self.secretLength)
        guard secret.count == Self.secretLength, secret.allSatisfy(Self.isDigit),
            rest.elementsEqual(Self.checksum(id + secret))
        else { return nil }
        self.id = String(decoding: id, as: UTF8.self)
        self.secret = Array(secret)
    }

    /// What the owner is given, once.
    package func reveal() -> String {
        String(decoding: Array("qw_\(id)_".utf8) + secret + Self.checksum(id.utf8 + secret), as: UTF8.self)
    }

    /// What is stored of the secret: its SHA-256. A slow hash is for secrets that people think up; of 178 random bits
    /// nothing can be guessed.
    package var digest: [UInt8] { Array(SHA256.hash(data: secret)) }

    static func isID(_ text: some Collection<UInt8>) -> Bool {
        text.count == idLength && text.allSatisfy { isDigit($0) && !(UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }

    /// Six digits to the base 62, which hold 32 bits.
    private static func checksum(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var rest = CRC32.of(bytes)
        var text: [UInt8] = []
        for _ in 0..<checksumLength {
            text.append(digits[Int(rest % 62)])
            rest /= 62
        }
        return text.reversed()
    }
}

/// However it is printed, only the id shows.
extension AccessToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "token \(id)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["id": id]) }
}

/// The checksum of Ethernet and zip: https://www.rfc-editor.org/rfc/rfc1952#section-8
enum CRC32 {
    /// What each byte does to the sum.
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
    }

    static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(UInt32.max) { sum, byte in table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] ^ sum >> 8 }
    }
}

enum ConstantTime {
    /// Are both the same bytes? Reads all of them, wherever they differ, so that the time tells nothing of the place.
    /// Their lengths are no secret.
    static func equals(_ a: some Collection<UInt8>, _ b: some Collection<UInt8>) -> Bool {
        guard a.count == b.count else { return false }
        return zip(a, b).reduce(UInt8(0)) { difference, pair in difference | (pair.0 ^ pair.1) } == 0
    }
}
