import FoundationEssentials
import JobModel

/// The header `Date`, as RFC 9110 has it: `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    static var now: String { text(Int(Date.now.timeIntervalSince1970)) }

    /// `seconds` since 1970, not before it.
    static func text(_ seconds: Int) -> String {
        // 1994-11-06T08:49:37.000Z
        let stamp = Array(Timestamp.text(seconds * 1000).utf8)
        func part(_ range: Range<Int>) -> String { String(decoding: stamp[range], as: UTF8.self) }
        let month = Int(part(5..<7)).map { months[$0 - 1] } ?? ""
        let day = days[seconds / 86_400 % 7]
        return "\(day), \(part(8..<10)) \(month) \(part(0..<4)) \(part(11..<19)) GMT"
    }
}
