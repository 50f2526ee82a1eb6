import JobModel
import Testing

@Suite(.timeLimit(.minutes(1))) struct ULIDTests {
    /// The first id of a millisecond.
    private static func make(ms: Int, using seed: inout Seed) -> String {
        var factory = ULIDFactory()
        return factory.make(ms: ms, using: &seed)
    }

    @Test func `ids of one millisecond sort by the order in which they were made`() {
        var seed = Seed()
        var factory = ULIDFactory()
        let ids = (0..<5000).map { _ in factory.make(ms: 1_469_918_176_385, using: &seed) }
        #expect(ids == ids.sorted() && Set(ids).count == ids.count)
    }

    @Test func `the time stands in the first ten characters`() {
        var seed = Seed()
        #expect(Self.make(ms: 0, using: &seed).prefix(10) == "0000000000")
        #expect(Self.make(ms: 1, using: &seed).prefix(10) == "0000000001")
        #expect(Self.make(ms: 32, using: &seed).prefix(10) == "0000000010")
        #expect(Self.make(ms: 1_469_918_176_385, using: &seed).prefix(10) == "01ARYZ6S41")
        #expect(Self.make(ms: 1 << 48 - 1, using: &seed).prefix(10) == "7ZZZZZZZZZ")
    }

    @Test func `ids sort by time`() {
        var seed = Seed()
        let times = (0..<1000).map { _ in Int.random(in: 0..<(1 << 48), using: &seed) }.sorted()
        let ids = Set(times).sorted().map { Self.make(ms: $0, using: &seed) }
        #expect(ids == ids.sorted())
    }

    @Test func `ids are job ids, and differ`() {
        var seed = Seed()
        let ids = (0..<10_000).map { _ in Self.make(ms: 5, using: &seed) }
        #expect(Set(ids).count == ids.count)
        #expect(ids.allSatisfy { Names.isID($0) && $0.utf8.count == 26 })
        let letters = Set(ids.joined())
        #expect(letters == Set("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
    }

    @Test(arguments: [-1, Int.min, Int.max]) func `no time crashes`(ms: Int) {
        var seed = Seed()
        #expect(Self.make(ms: ms, using: &seed).count == 26)
    }

    /// Each of the 80 random bits is set in about half of all ids.
    @Test func `all random bits are used`() {
        var seed = Seed()
        let ids = (0..<2000).map { _ in Array(Self.make(ms: 5, using: &seed).utf8.dropFirst(10)) }
        for place in 0..<16 {
            #expect(Set(ids.map { $0[place] }).count == 32)
        }
    }
}
