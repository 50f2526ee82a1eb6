import ArgumentParser
import JobModel
import JobQueueHTTP

struct HealthcheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "healthcheck", abstract: "Ask a running server or worker whether it lives, or is ready.",
        discussion: """
            For images without another client: 0 when it is, 1 when it is not or does not answer within 2 s. Without --url it
            asks where `serve` listens by the configuration; a worker's is http://127.0.0.1:PORT of its --admin-port. The
            certificate of an https address is not checked.
            """)

    enum Question: String, ExpressibleByArgument, CaseIterable {
        case live, ready, startup
    }

    @Argument(help: "live, ready or startup.")
    var question: Question

    @Option(help: "http://host:port, https://host:port or unix:///path/to.sock.")
    var url: String?

    @OptionGroup var files: SourceOptions

    func run() async throws {
        let probe = try probe()
        let answer: String
        do throws(HealthProbe.Failure) { answer = try await probe.ask(question.rawValue, within: .seconds(2)) } catch {
            throw Failure(.failed, Printable.oneLine("\(error)", limit: 2000))
        }
        try Output.print(Printable.oneLine(answer, limit: 2000))
    }

    private func probe() throws(Failure) -> HealthProbe {
        if let url {
            if let probe = HealthProbe(url: url) { return probe }
            throw Failure(
                .usage, "bad --url \(BadValue.quoted(url)): use http://host:port, https://host:port or unix:///path")
        }
        var reader = SettingsReader(SettingSources(files.request()), section: "http")
        let settings = HTTPSettings(&reader)
        guard reader.problems.isEmpty else { throw Failure(reader.problems) }
        return HealthProbe(settings.place.reachable, isSecure: settings.tls != nil)
    }
}

extension APIServer.Place {
    /// Where a client on this machine finds it: nobody can connect to "all addresses".
    fileprivate var reachable: Self {
        switch self {
        case .port("0.0.0.0", let port): .port(host: "127.0.0.1", port)
        case .port("::", let port): .port(host: "::1", port)
        default: self
        }
    }
}
