import NIOCore

/// What a new connection says before it carries commands: log in, choose the database, give a name, and ask for a sign
/// of life. All of it is sent in one piece.
struct Handshake: Sendable {
    enum Step: Sendable, Equatable { case authenticate, selectDatabase, setName, ping }

    let steps: [Step]
    private let commands: [Command]

    init(_ configuration: RedisConfiguration) {
        var script: [(Step, Command)] = []
        if configuration.username != nil || configuration.password != nil {
            script.append((.authenticate, Self.logIn(configuration)))
        }
        if configuration.database != 0 {
            script.append((.selectDatabase, Command("SELECT", String(configuration.database))))
        }
        if let name = configuration.clientName { script.append((.setName, Command("CLIENT", "SETNAME", name))) }
        // Always last, and never left out: a server that wants a password, or is still loading, says so now and not to
        // somebody's command.
        script.append((.ping, Command("PING")))
        steps = script.map(\.0)
        commands = script.map(\.1)
    }

    func encode(into buffer: inout ByteBuffer) {
        for command in commands { command.encode(into: &buffer) }
    }

    /// Why the connection cannot be used, given how the server refused a step; nil when it can be used nevertheless.
    static func verdict(on step: Step, refusedWith error: RedisError) -> RedisError? {
        switch (step, error) {
        case (_, .authentication): error
        case (.setName, _): nil
        case (.ping, .loading), (.ping, .server): .unreachable(error.description)
        // A busy server, a full disk or a user without the right to PING: alive, and each command hears for itself.
        case (.ping, _): nil
        case (_, .permission): error
        case (.authenticate, _): .unreachable("could not log in: \(error)")
        case (.selectDatabase, _): .unreachable("could not select the database: \(error)")
        }
    }

    /// `AUTH password` is what servers before version 6 know, so the user is named only when there is one.
    private static func logIn(_ configuration: RedisConfiguration) -> Command {
        let password = configuration.password?.reveal() ?? ""
        return configuration.username.map { Command("AUTH", $0, password) } ?? Command("AUTH", password)
    }
}
