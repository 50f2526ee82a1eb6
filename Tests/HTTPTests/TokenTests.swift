import JobModel
import Testing

@testable import JobQueueHTTP

@Suite struct TokenTests {
    @Test func `a token can be read again, and two are never alike`() throws {
        let tokens = (0..<200).map { _ in AccessToken() }
        #expect(Set(tokens.map { $0.reveal() }).count == 200 && Set(tokens.map(\.id)).count == 200)
        for token in tokens {
            let text = token.reveal()
            let again = try #require(AccessToken(text))
            #expect(text.utf8.count == 52 && text.hasPrefix("qw_\(token.id)_"))
            #expect(again.id == token.id && again.digest == token.digest && again.reveal() == text)
        }
        #expect(Set(tokens.map(\.digest)).count == 200)
    }

    @Test func `a token with any one character changed, swapped, missing or added is none`() throws {
        let text = Array(AccessToken().reveal())
        for place in text.indices {
            var other = text
            other[place] = text[place] == "x" ? "y" : "x"
            #expect(AccessToken(String(other)) == nil, "\(place)")
            other = text
            other.remove(at: place)
            #expect(AccessToken(String(other)) == nil, "\(place)")
            other.insert(contentsOf: "aa", at: place)
            #expect(AccessToken(String(other)) == nil, "\(place)")
            guard place > 0, text[place] != text[place - 1] else { continue }
            other = text
            other.swapAt(place, place - 1)
            #expect(AccessToken(String(other)) == nil, "\(place)")
        }
        #expect(AccessToken("") == nil && AccessToken("qw_") == nil)
    }

    @Test func `the checksum is the one that others compute`() {
        // The check value of CRC-32 in every catalogue.
        #expect(CRC32.of("123456789".utf8) == 0xCBF4_3926)
    }

    @Test func `a token that is printed shows its id and not its secret`() {
        let token = AccessToken()
        let secret = token.reveal().dropFirst(16)
        var dumped = ""
        dump(token, to: &dumped)
        for text in ["\(token)", String(reflecting: token), dumped, "\([token])", "\(Optional(token) as Any)"] {
            #expect(!text.contains(secret) && !text.contains(secret.prefix(8)))
        }
        #expect("\(token)" == "token \(token.id)")
    }

    // MARK: Comparing

    @Test(arguments: [nil, 0, 1, 15, 16, 30, 31])
    func `comparing reads every byte wherever the difference is`(place: Int?) {
        let ours = [UInt8](0..<32)
        var theirs = ours
        if let place { theirs[place] ^= 0x80 }
        let (left, right) = (Watched(ours), Watched(theirs))
        #expect(ConstantTime.equals(left, right) == (place == nil))
        #expect(left.reads.count == 32 && right.reads.count == 32)
    }

    @Test func `one different bit makes all the difference, whatever the bytes beside it are`() {
        for filler in [UInt8(0x00), 0x55, 0xAA, 0xFF] {
            let ours = [UInt8](repeating: filler, count: 32)
            for bit in 0..<256 {
                var theirs = ours
                theirs[bit / 8] ^= 1 << (bit % 8)
                #expect(!ConstantTime.equals(ours, theirs) && !ConstantTime.equals(theirs, ours), "\(filler) \(bit)")
            }
        }
        let digests = (0..<300).map { _ in AccessToken().digest }
        for (index, digest) in digests.enumerated() {
            #expect(ConstantTime.equals(digest, digests[index]))
            #expect(!digests.indices.contains { $0 != index && ConstantTime.equals(digest, digests[$0]) })
        }
    }

    @Test func `what is shorter, and no record at all, are unequal`() {
        #expect(!ConstantTime.equals([1, 2], [1, 2, 3]) && !ConstantTime.equals([], [0]))
        // Even to somebody who found a secret with the digest of nobody.
        #expect(!TokenRecord.matches([UInt8](repeating: 0, count: 32), nil))
    }

    // MARK: Records

    @Test func `a record is stored without the secret, and read again`() throws {
        let token = AccessToken()
        let rights = TokenRights(
            scopes: [.jobsWrite, .statsRead], queues: ["mail*", "sms"], note: "a \"shop\"\n", expiresMs: 5, rate: 0)
        let record = TokenRecord(token, rights, createdMs: 3, createdBy: "cli:me")
        let text = String(decoding: record.encoded(), as: UTF8.self)
        #expect(TokenRecord(id: token.id, parsing: text.utf8) == record)
        #expect(!text.contains(token.reveal().dropFirst(16).prefix(30)))
        let plain = TokenRecord(token, TokenRights(scopes: [], queues: []), createdMs: 3, createdBy: "")
        #expect(TokenRecord(id: token.id, parsing: plain.encoded()) == plain)
    }

    @Test(arguments: [
        "", "{}", "[]", #"{"sha256":"00","scopes":[],"queues":[],"created_ms":1}"#,
        #"{"sha256":"H","scopes":["jobs:read"],"queues":["*"],"created_ms":1,"expires_ms":"soon"}"#,
        #"{"sha256":"H","scopes":["jobs:read"],"queues":["*"],"created_ms":1,"expires_ms":-1}"#,
        #"{"sha256":"H","scopes":["jobs:read"],"queues":["*"],"created_ms":1,"rate":"1"}"#,
        #"{"sha256":"H","scopes":"jobs:read","queues":["*"],"created_ms":1}"#,
        #"{"sha256":"H","scopes":["jobs:read"],"created_ms":1}"#,
        #"{"sha256":"Z","scopes":["jobs:read"],"queues":["*"],"created_ms":1}"#,
    ])
    func `a record of which anything is in doubt is none`(text: String) {
        let hash = String(repeating: "0a", count: 32)
        let text = text.replacing("\"H\"", with: "\"\(hash)\"").replacing(
            "\"Z\"", with: "\"\(String(repeating: "z", count: 64))\"")
        #expect(TokenRecord(id: "a", parsing: text.utf8) == nil)
    }

    @Test func `scopes of a later version are left out, and further fields do no harm`() throws {
        let hash = String(repeating: "0A", count: 32)
        let text =
            #"{"sha256":"\#(hash)","scopes":["jobs:read","moon:fly"],"queues":["*"],"created_ms":1,"colour":"red"}"#
        let record = try #require(TokenRecord(id: "a", parsing: text.utf8))
        #expect(record.rights.scopes == [.jobsRead] && record.digest == [UInt8](repeating: 10, count: 32))
    }

    @Test func `a token is worth nothing from the moment at which it expires`() {
        let record = TokenRecord(
            AccessToken(), TokenRights(scopes: [], queues: [], expiresMs: 1000), createdMs: 0, createdBy: "")
        #expect(!record.hasExpired(at: 999) && record.hasExpired(at: 1000) && record.hasExpired(at: 1001))
        let lasting = TokenRecord(AccessToken(), TokenRights(scopes: [], queues: []), createdMs: 0, createdBy: "")
        #expect(!lasting.hasExpired(at: Int.max))
    }

    // MARK: Rights

    @Test func `wrong rights are refused field by field`() {
        func fields(_ rights: TokenRights) -> [String] { rights.problems(now: 1000).map(\.field) }
        let good = TokenRights(scopes: [.jobsRead], queues: ["*"])
        #expect(fields(good).isEmpty)
        func with(_ change: (inout TokenRights) -> Void) -> [String] {
            var rights = good
            change(&rights)
            return fields(rights)
        }
        #expect(with { $0.scopes = [] } == ["scopes"])
        for queues in [[], [""], ["a b"], ["ma{il}"], ["a", "b\n"], [String(repeating: "a", count: 65)]] {
            #expect(with { $0.queues = queues } == ["queues"], "\(queues)")
        }
        #expect(with { $0.queues = Array(repeating: "a", count: 101) } == ["queues"])
        #expect(with { $0.queues = Array(repeating: "*a*", count: 100) }.isEmpty)
        #expect(with { $0.note = String(repeating: "x", count: 201) } == ["note"])
        #expect(with { $0.note = String(repeating: "ü", count: 200) }.isEmpty)
        #expect(with { $0.expiresMs = 1000 } == ["expires_at"] && with { $0.expiresMs = 1001 }.isEmpty)
        #expect(with { $0.rate = -1 } == ["rate"] && with { $0.rate = 0 }.isEmpty)
    }

    @Test(arguments: [
        ("*", "anything*", true), ("mail*", "mail*", true), ("mail*", "mail", true), ("mail*", "mail-*-x", true),
        ("mail*", "*", false), ("mail*", "m*", false), ("mail*", "*mail", false), ("mail", "mail*", false),
        ("a*b", "a*c*b", true), ("a*b", "a*", false), ("*a*", "ba*", true), ("**", "*", true), ("*", "**", true),
    ])
    func `a pattern covers another only if it matches all that the other matches`(
        pattern: String, other: String, isCovered: Bool
    ) {
        #expect(Glob.covers(pattern, other) == isCovered)
        // And against names, if any are at hand: what is covered may never match more.
        for name in ["mail", "mail-a", "a", "ab", "acb", "xmail", "m", "ba", "anything", "b", "aXXcYYb"]
        where isCovered && Glob.matches(name, other) {
            #expect(Glob.matches(name, pattern), "\(name)")
        }
    }

    @Test func `rights cover what is in them, and outlast what ends no later`() {
        let shop = TokenRights(scopes: [.jobsRead, .tokensManage], queues: ["mail*", "sms"], expiresMs: 100)
        func covers(_ scopes: Set<Scope>, _ queues: [String]) -> Bool {
            shop.cover(TokenRights(scopes: scopes, queues: queues))
        }
        #expect(covers([.jobsRead], ["mail-a", "sms"]) && covers([], []))
        #expect(!covers([.jobsWrite], ["sms"]) && !covers([.jobsRead], ["sms", "*"]))
        func outlasts(_ expires: Int?) -> Bool {
            shop.outlast(TokenRights(scopes: [], queues: [], expiresMs: expires))
        }
        #expect(outlasts(99) && outlasts(100) && !outlasts(101) && !outlasts(nil))
        #expect(TokenRights(scopes: [], queues: []).outlast(TokenRights(scopes: [], queues: [])))
    }
}

/// Bytes that know how often each was read.
private final class Watched: Collection {
    private let bytes: [UInt8]
    private(set) var reads: Set<Int> = []
    init(_ bytes: [UInt8]) { self.bytes = bytes }
    var startIndex: Int { 0 }
    var endIndex: Int { bytes.count }
    func index(after index: Int) -> Int { index + 1 }
    subscript(index: Int) -> UInt8 {
        reads.insert(index)
        return bytes[index]
    }
}
