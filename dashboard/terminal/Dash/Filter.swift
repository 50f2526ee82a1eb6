import JobModel

/// Which rows of a list are wanted: words that all have to hold. `key:text` looks into one column, a bare word into all of
/// them, `!` before a word turns it round, and quotes hold blanks together.
package struct Filter: Equatable, Sendable {
    package enum Field: String, Sendable, CaseIterable {
        case name, queue, state, tag, error, id, worker
    }

    struct Term: Equatable, Sendable {
        /// nil: any.
        var field: Field?
        /// In lower case.
        var text: String
        var isInverse: Bool
    }

    private(set) var terms: [Term]

    package init(_ text: String = "") { terms = Self.words(text).compactMap(Self.term) }

    /// Does it hold for a row? Texts are compared by parts, in any case; `fields` answers what stands there.
    package func holds(_ fields: (Field) -> [String]) -> Bool {
        terms.allSatisfy { term in
            let texts = term.field.map(fields) ?? Field.allCases.flatMap(fields)
            return texts.contains { $0.lowercased().contains(term.text) } != term.isInverse
        }
    }

    /// What a column has to hold, where exactly one thing is asked for.
    func only(_ field: Field) -> String? {
        let asked = terms.filter { $0.field == field && !$0.isInverse }
        return asked.count == 1 ? asked[0].text : nil
    }

    private static func term(_ word: String) -> Term? {
        let isInverse = word.hasPrefix("!")
        let word = isInverse ? String(word.dropFirst()) : word
        if let colon = word.firstIndex(of: ":"), let field = Field(rawValue: word[..<colon].lowercased()) {
            let text = word[word.index(after: colon)...].lowercased()
            return text.isEmpty ? nil : Term(field: field, text: text, isInverse: isInverse)
        }
        return word.isEmpty ? nil : Term(field: nil, text: word.lowercased(), isInverse: isInverse)
    }

    private static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isQuoted = false
        for character in text {
            if character == "\"" {
                isQuoted.toggle()
            } else if character == " ", !isQuoted {
                words.append(word)
                word = ""
            } else {
                word.append(character)
            }
        }
        return (words + [word]).filter { !$0.isEmpty }
    }
}

extension JobRow {
    /// What a filter sees of it.
    func fields(_ field: Filter.Field) -> [String] {
        switch field {
        case .name: [name ?? ""]
        case .queue: [ref.queue]
        case .state: [state.rawValue]
        case .tag: tags
        case .error: [error]
        case .id: [ref.id]
        case .worker: [worker]
        }
    }
}
