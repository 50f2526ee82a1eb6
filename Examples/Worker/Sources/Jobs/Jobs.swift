public import JobQueueClient

/// A mail to somebody. Producers import this module and enqueue it; what it is called on the wire never changes.
public struct SendEmail: Job {
    public static let name = "email.send"
    public static let options = JobOptions(maxAttempts: 8, timeout: .seconds(30))

    public var to: String
    public var subject: String

    public init(to: String, subject: String) {
        self.to = to
        self.subject = subject
    }
}

/// How often each word stands in a text: work for a processor, and a result.
public struct CountWords: Job {
    public static let name = "text.count-words"

    public var text: String

    public init(text: String) { self.text = text }
}
