/// What is wrong with the configuration, in a line that says where.
struct SettingsProblem: Sendable, Equatable {
    var message: String
    /// It stands in the call itself, so the call is wrong and not a file.
    var isUsage = false
    /// The section of the file that it is in; nil when it is about more than one.
    var section: String?
}

extension Failure {
    /// All problems at once: whoever repairs them wants to start once, not once for each.
    init(_ problems: [SettingsProblem]) {
        let isUsage = problems.allSatisfy(\.isUsage)
        self.init(isUsage ? .usage : .badConfiguration, problems.first?.message ?? "bad configuration")
        let shown = 50
        more = problems.dropFirst().prefix(shown).map(\.message)
        if problems.count > shown + 1 { more.append("and \(problems.count - shown - 1) more problems") }
    }
}
