import Foundation

/// One file of the repository.
struct SourceFile: Sendable {
    /// From the repository's root, such as `Sources/Redis/Reply.swift`.
    let path: String
    let text: String

    var name: String { String(path.split(separator: "/").last ?? "") }
    /// Lines, with their numbers from 1.
    var lines: [(number: Int, text: Substring)] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { ($0 + 1, $1) }
    }

    /// Does the text have one of these words anywhere? Fast, to spare most files the slow way.
    func mentions(_ words: String...) -> Bool {
        text.withCString { text in words.contains { strstr(text, $0) != nil } }
    }

    /// The same with comments and the contents of strings blanked out, so that braces and words in them do not count.
    /// Line breaks stay where they are.
    var code: SourceFile { SourceFile(path: path, text: Blanker(text).blanked()) }
}

/// Everything that people wrote, as it lies in the work tree.
struct Repository: Sendable {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    /// Folders that tools made.
    private static let made: Set = [".build", ".git", ".queue", ".swiftpm"]
    static let all = files(in: root)

    static func files(under folders: [String], named suffix: String) -> [SourceFile] {
        all.filter { file in
            file.path.hasSuffix(suffix) && folders.contains { $0.isEmpty || file.path.hasPrefix($0 + "/") }
        }
    }

    static var swift: [SourceFile] { files(under: [""], named: ".swift") }

    static func file(_ path: String) -> SourceFile? { all.first { $0.path == path } }

    private static func files(in folder: URL, at prefix: String = "") -> [SourceFile] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted().flatMap { name -> [SourceFile] in
            if made.contains(name) { return [] }
            // A checkout may be put together from links to folders.
            let url = folder.appendingPathComponent(name).resolvingSymlinksInPath()
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else { return [] }
            if isFolder.boolValue { return files(in: url, at: prefix + name + "/") }
            guard let data = FileManager.default.contents(atPath: url.path), data.count < 1 << 20,
                let text = String(validating: data, as: UTF8.self)
            else { return [] }
            return [SourceFile(path: prefix + name, text: text)]
        }
    }
}

/// Something that breaks a rule, as `path:line: what`.
struct Violation: Equatable, CustomStringConvertible {
    var path: String
    var line: Int
    var what: String
    var description: String { "\(path):\(line): \(what)" }
}
