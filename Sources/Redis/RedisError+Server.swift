extension RedisError {
    /// How many bytes of a server's message are kept: enough to understand it, too few to flood a log.
    package static let messageLimit = 512

    /// Turns the text of an error reply (`WRONGTYPE Operation against …`) into a case. This is the only place that
    /// knows error words.
    package init(serverMessage: some Collection<UInt8>) {
        let line = Self.printable(serverMessage)
        let word = String(line.prefix { $0 != " " })
        let message = String(line.dropFirst(word.count + 1))
        self = Self.known(word, message) ?? Self.generic(word, message)
    }

    /// Errors with a word of their own. The server keeps the word when the error is raised inside a script.
    private static func known(_ word: String, _ message: String) -> RedisError? {
        switch word {
        case "WRONGPASS", "NOAUTH", "DENIED": .authentication("\(word) \(message)")
        case "NOPERM": .permission("\(word) \(message)")
        case "OOM": .outOfMemory
        case "READONLY": .readOnly
        case "LOADING": .loading
        case "BUSY": .busy
        case "MISCONF": .persistence
        case "NOSCRIPT": .noScript
        case "WRONGTYPE": .wrongType
        case "TRYAGAIN": .tryAgain
        case "MOVED": .moved(message)
        case "ASK": .ask(message)
        case "CLUSTERDOWN": .clusterDown
        case "MASTERDOWN": .masterDown
        case "UNBLOCKED": .unblocked
        case "NOREPLICAS": .noReplicas
        default: nil
        }
    }

    /// Errors under the general word `ERR`, and words this module does not know.
    private static func generic(_ word: String, _ message: String) -> RedisError {
        guard word == "ERR" else { return .server(word: word, message: message) }
        // What servers up to version 5 say, and what every version says when it has no password but was sent one.
        let refusals = ["invalid password", "AUTH <password> called without", "Client sent AUTH, but no password"]
        if refusals.contains(where: message.hasPrefix) { return .authentication("\(word) \(message)") }
        // Version 7 names the place in the script, version 6 says what it was doing.
        let isScript =
            message.contains("user_script:") || message.hasPrefix("Error running script")
            || message.hasPrefix("Error compiling script")
        return isScript ? .script(message) : .server(word: word, message: message)
    }

    /// The message cut to its limit, with `?` for whatever could forge a second log line or steer a terminal.
    static func printable(_ message: some Collection<UInt8>) -> String {
        var line = ""
        for scalar in String(decoding: message.prefix(messageLimit), as: UTF8.self).unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: line.unicodeScalars.append("?")
            default: line.unicodeScalars.append(scalar)
            }
        }
        return line
    }
}
