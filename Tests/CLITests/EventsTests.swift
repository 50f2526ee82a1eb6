import ArgumentParser
import Foundation
import JobModel
import Testing

@testable import JobQueueCLI
@testable import JobStore

/// `events`: which are shown, and as what.
@Suite(.timeLimit(.minutes(1))) struct EventsTests {
    private func event(_ kind: JobEvent.Kind, _ id: String? = "a", queue: QueueName = .default) -> JobEvent {
        JobEvent(queue: queue, at: 5, kind: kind, id: id, state: kind.state, incarnation: nil)
    }

    private func filter(_ arguments: String...) throws -> EventFilter {
        try EventsCommand.parse(arguments).filter()
    }

    @Test func `a line says what is known, and no more`() {
        var claimed = event(.claimed, "01JD")
        claimed.incarnation = Incarnation(7)
        #expect(
            EventTail.line(of: claimed, worker: "web-1:7:k3")
                == #"{"at":5,"queue":"default","event":"claimed","id":"01JD","state":"running","incarnation":7,"worker":"web-1:7:k3"}"#
        )
        #expect(
            EventTail.line(of: event(.paused, nil), worker: nil) == #"{"at":5,"queue":"default","event":"paused"}"#)
        #expect(
            EventTail.line(of: event(.forgotten), worker: nil)
                == #"{"at":5,"queue":"default","event":"forgotten","id":"a"}"#)
    }

    @Test func `whatever strangers wrote is one harmless line that reads as it was`() throws {
        let line = EventTail.line(of: event(.dead, hostile), worker: hostile)
        #expect(isHarmless(line))
        struct Document: Decodable { var id, worker: String }
        let document = try JSONDecoder().decode(Document.self, from: Data(line.utf8))
        #expect(document.id == hostile && document.worker == hostile)
    }

    @Test func `queues are chosen by name and by star`() throws {
        let (mail, other) = (try QueueName("mail.out"), try QueueName("other"))
        #expect(try filter().follows(mail))
        #expect(try filter("-q", "mail*").follows(mail) && !filter("-q", "mail*").follows(other))
        #expect(try filter("-q", "mail*", "--queue", "other").follows(other))
        #expect(try !filter("-q", "mail").follows(mail))
        #expect(try filter("-q", "mail*", "-q", "other").names == [other], "only these must be there")
    }

    @Test func `events are chosen by kind and by the state they lead to`() throws {
        #expect(try filter("--state", "dead,cancelled").shows(event(.dead)))
        #expect(try filter("--state", "dead", "--state", "cancelled").shows(event(.cancelled)))
        #expect(try !filter("--state", "dead").shows(event(.succeeded)))
        #expect(try !filter("--state", "dead").shows(event(.deleted)), "it is in no state")
        #expect(try filter("--event", "claimed,deleted").shows(event(.deleted)))
        #expect(try !filter("--event", "claimed", "--state", "dead").shows(event(.dead)))
    }

    @Test(arguments: [
        (["-q", "a b"], "bad queue"), (["--state", "gone"], "bad --state"), (["--state", "dead,"], "bad --state"),
        (["--event", "died\u{1B}[2J"], "bad --event"), (["-q", ""], "bad queue"),
    ])
    func `what cannot be chosen is refused`(arguments: [String], beginning: String) throws {
        let failure = #expect(throws: Failure.self) { try EventsCommand.parse(arguments).filter() }
        #expect(failure?.code == .usage && failure?.message.hasPrefix(beginning) == true)
    }

    @Test func `each kind of event has a state that the page on operating tells of, or none`() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Docs/operating.md").standardizedFileURL
        let page = try String(contentsOf: file, encoding: .utf8)
        for kind in JobEvent.Kind.allCases { #expect(page.contains("| `\(kind.rawValue)` | "), "\(kind)") }
    }
}
