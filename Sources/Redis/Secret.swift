/// A text that nobody must see who does not need it: printing, dumping or interpolating it shows that there is one.
///
/// It cannot be encoded, so that it does not end up in a document by accident.
package struct Secret: Sendable, Hashable {
    private let text: String

    package init(_ text: String) { self.text = text }

    /// The text itself, for whoever hands it to the server.
    package func reveal() -> String { text }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<redacted>" }
    package var debugDescription: String { description }

    /// What `dump` and other mirrors show.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
