import FoundationEssentials
import JobStore

/// Where a page of a list ended, opaque to callers. It is a place and no right: whoever makes one up sees what the list
/// holds anyway.
enum Cursor {
    static func text(_ place: ListPlace) -> String {
        Data("\(place.score) \(place.id)".utf8).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    static func place(_ text: String) throws(Problem) -> ListPlace {
        let plain = text.replacing("-", with: "+").replacing("_", with: "/")
        let padding = String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)
        let words = Data(base64Encoded: plain + padding).flatMap { String(validating: $0, as: UTF8.self) }?
            .split(separator: " ", maxSplits: 1)
        guard let words, words.count == 2, let place = ListPlace(score: String(words[0]), id: String(words[1])) else {
            throw Problem(.invalidRequest, "cursor must be the next_cursor of another page")
        }
        return place
    }
}
