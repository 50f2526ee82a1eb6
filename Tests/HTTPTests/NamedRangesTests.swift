import Testing

@testable import JobQueueHTTP

@Suite struct NamedRangesTests {
    @Test(arguments: [0, 1, 2, 15, 16, 17, 18, 40])
    func `every name is there once until it is taken, however many there are`(count: Int) {
        var ranges = NamedRanges()
        var inserted = 0
        for number in 0..<count where ranges.insert("n\(number)", number..<number + 1) { inserted += 1 }
        for number in 0..<count where ranges.insert("n\(number)", 0..<0) { inserted += 1 }
        #expect(inserted == count)
        #expect(ranges.names == (0..<count).map { "n\($0)" }.sorted())
        #expect(ranges.isEmpty == (count == 0) && !ranges.contains("other"))
        for number in stride(from: count - 1, through: 0, by: -1) {
            #expect(ranges.contains("n\(number)"))
            let (first, second) = (ranges.remove("n\(number)"), ranges.remove("n\(number)"))
            #expect(first == number..<number + 1 && second == nil)
            #expect(!ranges.contains("n\(number)"))
        }
        #expect(ranges.isEmpty && ranges.names.isEmpty)
    }
}
