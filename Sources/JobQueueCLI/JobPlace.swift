import Foundation
import JobStore

extension ListPlace {
    /// The place as a word that can be handed on, the same as `next_cursor` of the HTTP API.
    var cursor: String {
        Data("\(score) \(id)".utf8).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// Throws when the word is none that somebody was given.
    init(cursor: String) throws(Failure) {
        let plain = cursor.replacing("-", with: "+").replacing("_", with: "/")
        let padding = String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)
        let words = Data(base64Encoded: plain + padding).flatMap { String(validating: $0, as: UTF8.self) }?
            .split(separator: " ", maxSplits: 1)
        guard let words, words.count == 2, let place = ListPlace(score: String(words[0]), id: String(words[1])) else {
            throw Failure(.usage, "bad --after \(BadValue.quoted(cursor)): use what the page before it ended with")
        }
        self = place
    }
}
