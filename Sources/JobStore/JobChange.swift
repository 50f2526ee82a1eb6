package import JobModel

/// What a person changes of a job that does not run; nil stays as it is.
package struct JobChange: Equatable, Sendable {
    /// JSON.
    package var payload: ArraySlice<UInt8>?
    /// When it starts.
    package var due: Due?
    package var priority: Priority?
    package var maxAttempts: Int?
    package var tags: [String]?

    package init() {}

    /// Why a job stays as it is.
    package enum Refusal: Error, Equatable, CustomStringConvertible {
        /// There is no such job, or what is stored of it is no envelope.
        case unreadable
        case payloadTooLarge(bytes: Int, limit: Int)
        /// Jobs in this state wait for no time.
        case noTime(JobState)

        package var description: String {
            switch self {
            case .unreadable: "what is stored of it cannot be changed"
            case .payloadTooLarge(let bytes, let limit): "the payload has \(bytes) bytes, the limit is \(limit)"
            case .noTime(let state):
                "\(state.rawValue): it waits for no time" + (state.isFinal ? ", give it another life with requeue" : "")
            }
        }
    }

    /// The edit of a job that was seen in full. What is not named keeps its place and value; `payloadLimit` in bytes.
    package func applied(to view: JobView, payloadLimit: Int) throws(Refusal) -> QueueStore.Edit {
        guard let version = view.version, var envelope = try? Envelope(parsing: view.envelope) else {
            throw .unreadable
        }
        if due != nil, let state = view.state, [.dead, .cancelled, .blocked].contains(state) { throw .noTime(state) }
        if let payload {
            guard payload.count <= payloadLimit else {
                throw .payloadTooLarge(bytes: payload.count, limit: payloadLimit)
            }
            envelope.payload = payload
        }
        envelope.policy.priority = priority ?? envelope.policy.priority
        envelope.policy.maxAttempts = maxAttempts ?? envelope.policy.maxAttempts
        envelope.tags = tags ?? envelope.tags
        envelope.due = due ?? envelope.due
        return QueueStore.Edit(
            id: view.id, version: version, envelope: envelope.encoded(), priority: envelope.policy.priority, due: due)
    }
}
