import FoundationEssentials

/// A place in the list of one state: behind the job with this score and id, wherever that has gone since.
package struct ListPlace: Hashable, Sendable {
    /// As Redis writes it.
    package var score: String
    package var id: String

    /// nil when the score is no number: a place that nobody was given.
    package init?(score: String, id: String) {
        guard let number = Double(score), !number.isNaN else { return nil }
        self.score = score
        self.id = id
    }

    /// The place as a word to hand on, opaque to those who get it: where the next page of a list begins. It is a place and no
    /// right: whoever makes one up sees what the list holds anyway.
    package var cursor: String {
        Data("\(score) \(id)".utf8).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// nil when the word is none that somebody was given.
    package init?(cursor: String) {
        let plain = cursor.replacing("-", with: "+").replacing("_", with: "/")
        let padding = String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)
        let words = Data(base64Encoded: plain + padding).flatMap { String(validating: $0, as: UTF8.self) }?
            .split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard let words, words.count == 2 else { return nil }
        self.init(score: String(words[0]), id: String(words[1]))
    }
}
