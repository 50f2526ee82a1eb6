import Foundation
import JobModel
import Testing

@Suite struct TimestampTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (951_782_399_999, "2000-02-28T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"), (951_868_800_000, "2000-03-01T00:00:00.000Z"),
        (1_763_698_329_114, "2025-11-21T04:12:09.114Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"), (253_402_300_800_000, "9999-12-31T23:59:59.999Z"),
        (-1, "1970-01-01T00:00:00.000Z"), (.max, "9999-12-31T23:59:59.999Z"), (.min, "1970-01-01T00:00:00.000Z"),
    ])
    func `a moment has one text of 24 characters`(ms: Int, text: String) {
        #expect(Timestamp.text(ms) == text)
    }

    @Test func `moments are written as Foundation writes them, and read again`() {
        var random = Seed()
        for _ in 0..<2000 {
            let ms = Int.random(in: 0...253_402_300_799_999, using: &random)
            let text = Timestamp.text(ms)
            #expect(Timestamp.milliseconds(text) == ms)
            let date = Date(timeIntervalSince1970: Double(ms / 1000))
            #expect(text.prefix(19) == date.formatted(.iso8601).prefix(19))
        }
    }
}
