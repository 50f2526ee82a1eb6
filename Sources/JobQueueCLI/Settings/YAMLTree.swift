import JobModel
import Yams

/// A YAML document as it was written: texts, lists and maps, each with its line. What a text means depends on who reads it.
struct YAMLTree: Sendable, Equatable {
    indirect enum Content: Sendable, Equatable {
        /// Nothing was written, or `null`.
        case nothing
        case text(String)
        case list([YAMLTree])
        /// In the order of the file.
        case map([Pair])
    }

    struct Pair: Sendable, Equatable {
        var key: String
        /// Of the key.
        var line: Int
        var value: YAMLTree
    }

    var content: Content
    /// From 1.
    var line: Int

    /// Reads a document. Throws what is wrong, with its line; no message repeats what stands there, for it may be secret.
    init(parsing text: String) throws(BadValue) {
        do {
            let root = try Yams.compose(yaml: text)
            var budget = Self.largest
            self = try root.map { try YAMLTree(node: $0, &budget) } ?? YAMLTree(content: .nothing, line: 1)
        } catch let error as BadValue {
            throw error
        } catch { throw BadValue(Self.explain(error)) }
    }

    private init(content: Content, line: Int) {
        self.content = content
        self.line = line
    }

    /// How many texts, lists and maps a document may have: aliases make billions out of a few lines.
    private static let largest = 100_000

    private init(node: Node, _ budget: inout Int) throws {
        line = node.mark?.line ?? 1
        budget -= 1
        guard budget >= 0 else { throw BadValue("has more than \(Self.largest) values, those of aliases included") }
        switch node {
        case .scalar(let scalar):
            // Quoted, `null` is a text.
            content = scalar.style == .plain && node.null != nil ? .nothing : .text(scalar.string)
        case .sequence(let sequence): content = .list(try sequence.map { try YAMLTree(node: $0, &budget) })
        case .mapping(let mapping):
            content = .map(
                try mapping.map { key, value in
                    guard case .scalar(let scalar) = key else {
                        throw BadValue("line \(key.mark?.line ?? 1): a key must be a word")
                    }
                    return Pair(
                        key: scalar.string, line: key.mark?.line ?? 1, value: try YAMLTree(node: value, &budget))
                })
        case .alias: throw BadValue("line \(line): an alias of something that is not there")
        }
    }

    private static func explain(_ error: any Error) -> String {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            "line \(mark.line), column \(mark.column): \(problem)"
        case YamlError.duplicatedKeysInMapping(let duplicates, let context):
            "line \(context.mark.line): "
                + "\(duplicates.map { "\"\(Printable.oneLine($0, limit: 60))\"" }.sorted().joined(separator: ", ")) "
                + "stands there twice"
        case YamlError.reader: "is not text in UTF-8"
        default: "is no YAML"
        }
    }
}
