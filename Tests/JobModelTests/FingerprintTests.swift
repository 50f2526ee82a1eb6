import Testing

@testable import JobModel

/// What dead jobs died of, told apart.
@Suite struct FingerprintTests {
    private func print(_ message: String, type: String = "E", _ reason: Reason = .failed) -> String {
        Fingerprint.of(reason, type: type, message: message)
    }

    static let same: [(String, String)] = [
        ("user 17 is unknown", "user 4711 is unknown"),
        ("row 0x7ffee4c0a1b2 is bad", "row 0xdeadbeef is bad"),
        ("job 550e8400-e29b-41d4-a716-446655440000 failed", "job 01234567-89ab-cdef-abcd-efabcdefabcd failed"),
        ("no column \"a\" in table 'x'", "no column \"bcd\" in table 'y z'"),
        ("order 01JDABCDEFGHJKMNPQRSTVWXYZ is open", "order 01K0000000ABCDEFGHJKMNPQRS is open"),
        ("commit 1a2b3c4 is gone", "commit 99ff001 is gone"),
        ("it took 1 s", "it took 1.52 s"), ("at 10.0.0.1:6379", "at 192.168.178.22:80"),
        ("at 2026-11-22T04:36:18Z", "at 2027-01-02T23:59:59.123Z"), ("a  b\n\tc ", " a b c"),
        ("worker web-1:4711:k3j9x2vq is gone", "worker web-22:9:a1b2c3d4 is gone"), ("user42 left", "user7 left"),
        (String(repeating: "x ", count: 500) + "a", String(repeating: "x ", count: 500) + "b"),
    ]

    @Test(arguments: same) func `one cause has one fingerprint`(one: String, other: String) {
        #expect(print(one) == print(other), "\(Fingerprint.plain(one)) | \(Fingerprint.plain(other))")
    }

    static let different: [(String, String)] = [
        ("the connection was refused", "the connection was reset"), ("can't read it", "can't write it"),
        ("a is 'x', it's old", "a is 'x', it's new"), ("HTTP 500 from mail", "HTTP 500 from sms"), ("", "x"),
        ("Zeit überschritten", "Zeit überschätzt"), ("feed is empty", "face is empty"),
    ]

    @Test(arguments: different) func `another cause has another`(one: String, other: String) {
        #expect(print(one) != print(other), "\(Fingerprint.plain(one)) | \(Fingerprint.plain(other))")
    }

    @Test func `reason and type are part of the cause, each in its own place`() {
        #expect(print("a") != print("a", .timeout) && print("a") != print("a", type: "F"))
        #expect(print("b", type: "a") != print("", type: "ab"))
        #expect(print("a", type: "Wrapped<0x7f01>") == print("a", type: "Wrapped<0x9e02>"))
    }

    @Test func `what stays of a text`() {
        let text = "User 17 ('ann') can't open `/srv/a`: 0xFF, utf8, 12:30:01, 3.5e10, dead beef, caf\u{e9} \u{1B}[2J"
        #expect(Fingerprint.plain(text) == "User # ('') can't open ``: #, utf#, #, #, dead beef, caf\u{e9} [#J")
        #expect(Fingerprint.plain("an open \" quote 'and that") == "an open \" quote 'and that")
        #expect(Fingerprint.plain(" \n\u{0} ") == "" && Fingerprint.plain("''") == "''")
    }

    /// Stored data is compared with what later versions compute.
    @Test func `the digits are the same in every version`() {
        #expect(print("user 17 is unknown", type: "KeyError") == "a069e8fb63b7")
        #expect(Fingerprint.of(.crash, type: "", message: "") == "eda9ebce261d")
    }

    @Test func `a group is a name and a fingerprint, and reads back`() throws {
        var entry = ErrorEntry()
        entry.message = "no"
        let group = DeadGroup(name: "email.send", entry)
        #expect(DeadGroup(group.description) == group && group.description.hasPrefix("email.send/"))
        #expect(DeadGroup(name: nil, entry).description == "?/\(group.fingerprint)")
        #expect(DeadGroup("?/\(group.fingerprint)")?.name == DeadGroup.nameless)
        for text in [
            "", "a", "a/", "/0123456789ab", "a b/0123456789ab", "a/0123456789AB", "a/0123456789ab/c", "a/0123456789a",
        ] {
            #expect(DeadGroup(text) == nil, "\(text)")
        }
    }

    @Test func `an entry that was cut when it was stored is of the same group`() throws {
        var entry = ErrorEntry()
        entry.type = String(repeating: "\u{1}T", count: 100)
        entry.message = String(repeating: "\u{1}é", count: 5000)
        let stored = try #require(ErrorEntry(parsing: entry.encoded()[...]))
        #expect(DeadGroup(name: "n", stored) == DeadGroup(name: "n", entry))
    }

    @Test func `who had a lost run says nothing of its cause`() {
        var entry = ErrorEntry()
        (entry.reason, entry.type, entry.message) = (.lost, "LeaseLost", "the lease of abcdefgh ran out")
        let one = DeadGroup(name: "n", entry)
        entry.message = "the lease of somebody else ran out"
        #expect(DeadGroup(name: "n", entry) == one)
    }
}
