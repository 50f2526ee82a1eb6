@_exported public import JobModel

/// A piece of work that a web service hands over and a worker does.
///
///     struct SendEmail: Job {
///         static let name = "email.send"
///         static let options = JobOptions(queue: "mail", maxAttempts: 8, timeout: .seconds(30))
///         var to: String
///     }
///
/// The type is the payload: it travels as JSON. Producers and workers may be of different versions for a while, so add
/// fields as optionals and never give an old name a new meaning.
public protocol Job: Codable, Sendable {
    /// The name on the wire, such as `email.send`: 1 to 64 of `A-Z a-z 0-9 . _ -`. Not the Swift type's name, which may
    /// change while jobs wait.
    static var name: String { get }
    /// How jobs of this type are run unless a call says otherwise. The default is `JobOptions()`.
    static var options: JobOptions { get }
}

extension Job {
    public static var options: JobOptions { JobOptions() }
}
