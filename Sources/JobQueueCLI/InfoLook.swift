import ArgumentParser
import Foundation
import JobModel
import JobQueueClient
import JobStore
import TerminalDashboard

/// What of a report is shown, and in which form.
struct InfoLook: ParsableArguments {
    @Flag(name: [.customShort("Q"), .customLong("only-queues")], help: "Only queues.")
    var onlyQueues = false

    @Flag(name: [.customShort("W"), .customLong("only-workers")], help: "Only workers.")
    var onlyWorkers = false

    @Flag(name: [.customShort("R"), .customLong("by-queue")], help: "The workers of each queue.")
    var byQueue = false

    @Flag(help: "One JSON document.")
    var json = false

    @Flag(help: "A heading and a line for each queue, or each worker with -W, between tabs.")
    var plain = false

    @Flag(help: "The lines of rq info --raw.")
    var raw = false

    @Option(
        help: "Queues by \(InfoView.Order.allCases.map(\.rawValue).joined(separator: ", ")), the greatest number first."
    )
    var sort = InfoView.Order.name

    @Option(help: "What bars stand for: linear, or log when one queue dwarfs the others.")
    var scale = InfoView.Scale.linear

    @Option(help: "Colour: auto, always or never.")
    var color = Terminal.Colour.auto

    @Flag(help: "Nothing beyond ASCII in bars and marks.")
    var ascii = false

    /// At most one form, and something to show.
    func check() throws(Failure) {
        let forms = [("--json", json), ("--plain", plain), ("--raw", raw)].filter(\.1).map(\.0)
        if forms.count > 1 { throw Failure(.usage, "\(forms.joined(separator: " and ")) do not go together: use one") }
        if onlyQueues, onlyWorkers { throw Failure(.usage, "-Q and -W leave nothing to show: use one") }
    }

    var view: InfoView {
        var view = InfoView()
        view.order = sort
        view.scale = scale
        view.showsQueues = !onlyWorkers
        view.showsWorkers = !onlyQueues
        view.isByQueue = byQueue
        return view
    }

    /// One of a row is a line of JSON, or takes the place of the page before where the terminal can do that.
    func show(_ report: InfoReport, inRow: Bool, trouble: String? = nil) throws {
        if json || plain || raw {
            if let trouble { return Output.warning(trouble) }
            if json { return try inRow ? Output.print(Output.encode(report, pretty: false)) : Output.json(report) }
            let text = InfoText(report, view)
            return try Output.print((plain ? text.plain : text.raw).joined(separator: "\n"))
        }
        let page = InfoPage(report, Terminal.style(color, ascii: ascii), view, trouble: trouble).lines
        try Output.print((inRow ? repainted(page) : page).joined(separator: "\n"))
    }

    /// Over the page before, line by line, so that nothing flickers; where that is not possible, below it.
    private func repainted(_ page: [String]) -> [String] {
        guard Terminal.canRepaint else { return page + [""] }
        let lines = page.map { $0 + "\u{1B}[K" }
        return ["\u{1B}[H" + (lines.first ?? "")] + lines.dropFirst() + ["\u{1B}[J"]
    }
}

extension InfoView.Order: ExpressibleByArgument {}
extension InfoView.Scale: ExpressibleByArgument {}

extension InfoReader {
    /// The same, and throws for a queue that is not there.
    func report(onKnown queues: [QueueName]) async throws -> InfoReport {
        let report = try await report(queues)
        let seen = Set(report.queues.map(\.name) + report.attention.map(\.queue))
        guard let missing = queues.first(where: { !seen.contains($0.text) }) else { return report }
        throw Failure(.notFound, "there is no queue \(missing): nothing was ever enqueued to it")
    }
}
