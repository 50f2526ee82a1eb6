import HTTPTypes
import JobStore

/// What a caller has seen of a job (RFC 9110, `ETag` and `If-Match`).
enum EntityTag {
    static func of(_ view: JobView) -> String? { view.version.map { "\"\($0)\"" } }

    /// Nil when anything will do. Weak tags match nothing, as the RFC says of `If-Match`. The quotes may be
    /// missing, as shells and some libraries lose them. Throws `invalidRequest` for what is no tag.
    static func wanted(_ headers: HTTPFields) throws(Problem) -> Set<String>? {
        let values = headers[values: .ifMatch]
        if values.isEmpty || values == ["*"] { return nil }
        let tags = values.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }.map { tag in
            String(tag.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
        guard tags.allSatisfy(isTag) else { throw Problem(.invalidRequest, "If-Match must be what ETag said, or *") }
        return Set(tags.map { $0.hasSuffix("\"") ? $0 : "\"\($0)\"" })
    }

    private static func isTag(_ text: String) -> Bool {
        if !text.isEmpty, text.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }) { return true }
        let text = text.hasPrefix("W/") ? text.dropFirst(2) : text[...]
        return text.count >= 2 && text.first == "\"" && text.last == "\"" && !text.dropFirst().dropLast().contains("\"")
    }

    /// Throws `preconditionFailed` when the job is not as its caller has seen it.
    static func check(_ view: JobView, _ headers: HTTPFields) throws(Problem) {
        guard let wanted = try wanted(headers) else { return }
        if let tag = of(view), wanted.contains(tag) { return }
        throw changed
    }

    static let changed = Problem(.preconditionFailed, "the job has changed since it was read: read it again")
}
