package import JobModel
package import JobStore

/// What Redis says of itself, and what is wrong with that.
struct RedisPage {
    let state: DashState

    var lines: [Line] {
        guard let server = state.server else {
            return [[Span(state.trouble == nil ? "reading…" : "nothing was read yet", .dim)]]
        }
        return facts(server) + [[]] + findings(server) + [[]] + queues
    }

    private func facts(_ server: ServerFacts) -> [Line] {
        func row(_ label: String, _ value: String, _ style: Style = .plain) -> Line {
            [Span(label + String(repeating: " ", count: max(1, 14 - label.count)), .dim), Span(value, style)]
        }
        var lines = [
            row("server", "\(server.product) \(server.version)", .bold),
            row("address", state.look.address),
            row("answers in", state.pingMs.map { "\(Double(Int($0 * 10)) / 10) ms" } ?? "-"),
            row("up", Quantity.time(ms: server.uptimeSeconds &* 1000)),
            row("role", server.role + (server.replicas > 0 ? ", \(Quantity.of(server.replicas, "replica"))" : "")),
            row("clients", "\(server.clients)" + (server.maxClients > 0 ? " of \(server.maxClients)" : "")),
        ]
        let memory = Quantity.bytes(server.usedMemory)
        if server.maxMemory > 0 {
            let bar = Bar(full: server.maxMemory, width: 20, isASCII: state.look.isASCII).gauge(server.usedMemory)
            lines.append(row("memory", "\(memory) of \(Quantity.bytes(server.maxMemory))  ") + bar)
        } else {
            lines.append(row("memory", "\(memory), no limit"))
        }
        lines.append(row("eviction", server.evictionPolicy))
        lines.append(row("append-only", server.hasAOF ? "yes" : "no", server.hasAOF ? .plain : Style(.yellow)))
        return lines
    }

    private func findings(_ server: ServerFacts) -> [Line] {
        let findings = server.findings
        if findings.isEmpty { return [[Span("nothing is wrong with it; doctor looks deeper", Style(.green))]] }
        return findings.map { [Span("! ", Style(.yellow, bold: true)), Span($0.message, Style(.yellow))] }
    }

    private var queues: [Line] {
        let queues = state.report?.queues ?? []
        let jobs = queues.reduce(0) { sum, queue in sum + JobState.allCases.reduce(0) { $0 + queue.count($1) } }
        let remembered = queues.reduce(0) { $0 + $1.remembered }
        return [
            [
                Span(
                    "\(Quantity.of(queues.count, "queue")) with \(Quantity.count(jobs)) stored jobs, \(Quantity.count(remembered)) remembered ids"
                )
            ]
        ]
    }
}

extension InfoReport.Queue {
    /// Jobs in a state.
    package func count(_ state: JobState) -> Int {
        switch state {
        case .scheduled: scheduled
        case .blocked: blocked
        case .queued: queued
        case .running: running
        case .retrying: retrying
        case .suspect: suspect
        case .succeeded: succeeded
        case .dead: dead
        case .cancelled: cancelled
        }
    }
}
