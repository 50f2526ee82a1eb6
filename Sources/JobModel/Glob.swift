/// Names of queues with stars in them.
package enum Glob {
    /// Does the whole text match the pattern? `*` stands for any run of characters; everything else for itself. Takes a
    /// time in proportion to both lengths, whatever the pattern.
    package static func matches(_ text: String, _ pattern: String) -> Bool {
        if pattern == "*" || pattern == text { return true }
        let (text, pattern) = (Array(text.utf8), Array(pattern.utf8))
        var (at, star, resume) = (0, -1, 0)
        var index = 0
        while index < text.count {
            if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
                (star, resume) = (at, index)
                at += 1
            } else if at < pattern.count, pattern[at] == text[index] {
                at += 1
                index += 1
            } else if star >= 0 {
                // The last star takes one character more.
                at = star + 1
                resume += 1
                index = resume
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    /// A queue's name with stars in it, or without.
    package static func isPattern(_ text: String) -> Bool { Names.isName(text.replacing("*", with: "a")) }
}
