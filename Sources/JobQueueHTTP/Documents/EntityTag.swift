import HTTPTypes
import JobStore

/// What a caller has seen of a job (RFC 9110, `ETag` and `If-Match`).
enum EntityTag {
    static func of(_ view: JobView) -> String? { view.version.map { "\"\($0)\"" } }

    /// Nil when anything will do. Weak tags match nothing, as the RFC says of `If-Match`.
    static func wanted(_ headers: HTTPFields) -> Set<String>? {
        let values = headers[values: .ifMatch]
        if values.isEmpty || values.contains("*") { return nil }
        return Set(values.flatMap { $0.split(separator: ",") }.map { $0.filter { $0 != " " } })
    }

    /// Throws `preconditionFailed` when the job is not as its caller has seen it.
    static func check(_ view: JobView, _ headers: HTTPFields) throws(Problem) {
        guard let wanted = wanted(headers) else { return }
        if let tag = of(view), wanted.contains(tag) { return }
        throw changed
    }

    static let changed = Problem(.preconditionFailed, "the job has changed since it was read: read it again")
}
