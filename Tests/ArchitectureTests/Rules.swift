import Foundation

/// The rules of the house that can be read off the text.
enum Rules {
    static let longestFile = 300
    static let longestFunction = 60

    static func tooLong(_ file: SourceFile) -> [Violation] {
        let count = file.lines.count - (file.text.hasSuffix("\n") ? 1 : 0)
        if count <= longestFile { return [] }
        return [Violation(path: file.path, line: count, what: "a file of \(count) lines: split it by meaning")]
    }

    /// Functions, initializers and accessors that span more lines than they may, by matching braces.
    static func longFunctions(_ file: SourceFile) -> [Violation] {
        var open: [(line: Int, isFunction: Bool)] = []
        var isHeading = false
        var found: [Violation] = []
        for (number, line) in file.code.lines {
            let words = line.split { !$0.isLetter && !$0.isNumber && $0 != "_" && $0 != "@" }
            if words.contains(where: { ["struct", "class", "enum", "actor", "extension", "protocol"].contains($0) }) {
                isHeading = false
            }
            if words.contains(where: { ["func", "init", "deinit", "subscript"].contains($0) }) { isHeading = true }
            for character in line {
                if character == "{" {
                    open.append((number, isHeading))
                    isHeading = false
                } else if character == "}", let begin = open.popLast(), begin.isFunction {
                    let length = number - begin.line + 1
                    if length > longestFunction {
                        found.append(
                            Violation(path: file.path, line: begin.line, what: "a function of \(length) lines"))
                    }
                }
            }
            // A call of an initializer, or a requirement of a protocol, has no body.
            if words.isEmpty && !line.contains("{") && !line.contains(")") || line.contains("}") { isHeading = false }
        }
        return found
    }

    /// Work that outlives whoever started it.
    static func looseTasks(_ file: SourceFile) -> [Violation] {
        if !file.mentions("Task") { return [] }
        return file.code.lines.filter { _, text in
            text.contains(/\bTask\s*(\(.*\))?\s*\{/) || text.contains(/\bTask\s*\.\s*detached\b/)
                || text.contains(/\bTask\.init\b/)
        }.map { Violation(path: file.path, line: $0.number, what: "a task that nobody waits for") }
    }

    /// Promises to the compiler without a reason beside them.
    static func unexplained(_ file: SourceFile) -> [Violation] {
        if !file.mentions("unchecked", "unsafe", "try!", "as!", "fatalError") { return [] }
        let lines = file.lines
        // A message is a reason.
        let promises = ["@unchecked Sendable", "nonisolated(unsafe)", "try!", "as!", "fatalError()"]
        return file.code.lines.compactMap { number, text in
            guard let promise = promises.first(where: { text.contains($0) }) else { return nil }
            let isExplained =
                lines[number - 1].text.contains("//") || (number > 1 && lines[number - 2].text.contains("//"))
            return isExplained ? nil : Violation(path: file.path, line: number, what: "\(promise) without a reason")
        }
    }

    /// Tests wait for events, not for time.
    static func sleeps(_ file: SourceFile) -> [Violation] {
        if !file.mentions("sleep") { return [] }
        return file.code.lines.filter { _, text in
            text.contains(/\b(Task|Thread)\s*\.\s*sleep\b/) || text.contains(/\b(u|nano)?sleep\s*\(/)
        }.map { Violation(path: file.path, line: $0.number, what: "a test that sleeps") }
    }

    /// Paths that exist on one machine only.
    static func machinePaths(_ file: SourceFile) -> [Violation] {
        // Put together, so that this file does not find itself.
        let folders = ["home", "Users", "root", "work", "mnt"].map { "/\($0)/" }
        if !folders.contains(where: { file.mentions($0) }) { return [] }
        return file.lines.filter { _, text in
            folders.contains { folder in
                text.ranges(of: folder).contains { range in
                    // A folder of that name further down a path, or in a URL, is fine.
                    let before = text[..<range.lowerBound].last
                    return before.map { !$0.isLetter && !$0.isNumber && !"._-}".contains($0) } ?? true
                }
            }
        }.map { Violation(path: file.path, line: $0.number, what: "a path of one machine") }
    }
}
