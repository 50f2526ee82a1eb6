import JobModel
import JobQueueClient
import JobQueueWorker
import JobStore
import TestSupport
import Testing

/// Jobs that other programs leave in the inbox.
@Suite(.serialized, .timeLimit(.minutes(1))) struct InboxTests {
    @Test func `a bare envelope becomes a job whose id is its place in the inbox`() async throws {
        let rig = try await Rig.make()
        let log = Log<(id: String, payload: String)>()
        let entry = try await rig.drop(into: rig.name, #"{"name":"x","payload":{"a":1},"priority":0}"#)
        try await rig.working(Handlers("x") { payload, context in log.note((context.id, payload)) }) { _ in
            try await log.items(count: 1)
        }
        #expect(log.items.map(\.id) == ["inbox:\(entry)"])
        #expect(log.items.map(\.payload) == [#"{"a":1}"#])
        #expect(try await rig.store.snapshot().inbox == 0)
    }

    @Test func `an id of the sender's own makes a second entry a duplicate`() async throws {
        let rig = try await Rig.make()
        let log = Log<String>()
        for _ in 0..<3 { try await rig.drop(into: rig.name, #"{"name":"x","id":"order:1"}"#) }
        try await rig.working(Handlers("x") { _, context in log.note(context.id) }) { _ in
            try await eventually {
                try await rig.store.snapshot()
            } is: {
                $0.inbox == 0 && $0.count(.succeeded) == 1
            }
        }
        #expect(log.items == ["order:1"])
    }

    @Test func `a delay counts from when the entry was left`() async throws {
        let rig = try await Rig.make()
        let entry = try await rig.drop(into: rig.name, #"{"name":"x","delay_ms":60000}"#)
        try await rig.working(Handlers()) { _ in
            let view = try await rig.view(of: "inbox:\(entry)", when: .scheduled)
            let written = try #require(Int(entry.split(separator: "-")[0]))
            #expect(view.score == Double((written + 60_000) * 10 + 5))
        }
    }

    @Test(arguments: [
        ("job", "{", "not JSON"), ("job", "[]", "not a JSON object"), ("job", "{}", "bad job name"),
        ("job", #"{"name":"a b"}"#, "bad job name"), ("job", #"{"name":"x","id":"a b"}"#, "bad \"id\""),
        ("job", #"{"name":"x","priority":10}"#, "\"priority\""), ("job", #"{"name":"x","payload":01}"#, "not JSON"),
        ("task", #"{"name":"x"}"#, "no field \"job\""),
    ])
    func `what is no job becomes a dead letter that says why`(field: String, text: String, why: String) async throws {
        let rig = try await Rig.make()
        let entry = try await rig.drop(into: rig.name, field: field, text)
        let good = try await rig.drop(into: rig.name, #"{"name":"x"}"#)
        try await rig.working(Handlers("x") { _, _ in }) { _ in
            let view = try await rig.view(of: "inbox:\(entry)", when: .dead)
            #expect(view.record.last == .malformed)
            #expect(view.errors.first?.message.contains(why) == true, "\(view.errors)")
            if field == "job" { #expect(view.envelope.elementsEqual(text.utf8), "as it was sent") }
            try await rig.view(of: "inbox:\(good)", when: .succeeded)
        }
        #expect(try await rig.store.snapshot().inbox == 0)
    }

    @Test func `an id that belongs to another job becomes a dead letter`() async throws {
        let rig = try await Rig.make()
        let first = try await rig.enqueue("x", "1", id: "taken")
        let entry = try await rig.drop(into: rig.name, #"{"name":"x","payload":2,"id":"taken"}"#)
        try await rig.working(Handlers("x") { _, _ in }) { _ in
            let view = try await rig.view(of: "inbox:\(entry)", when: .dead)
            #expect(view.errors.first?.message == "the id belongs to a job with another name or payload")
            #expect(try await first.outcome().isSucceeded)
        }
        #expect(try await rig.store.snapshot().inbox == 0)
    }

    @Test func `an envelope over the limit becomes a dead letter, cut`() async throws {
        let rig = try await Rig.make()
        let text = #"{"name":"x","payload":""# + String(repeating: "y", count: 1000) + "\"}"
        let entry = try await rig.drop(into: rig.name, text)
        try await rig.with { $0.maxPayloadBytes = 100 }.working(Handlers("x") { _, _ in }) { _ in
            let view = try await rig.view(of: "inbox:\(entry)", when: .dead)
            #expect(view.errors.first?.message.contains("the limit is 100") == true)
            #expect(view.envelope.count == 100)
        }
    }

    @Test func `many entries are all taken in`() async throws {
        let rig = try await Rig.make()
        for number in 0..<350 { try await rig.drop(into: rig.name, number % 10 == 0 ? "{" : #"{"name":"x"}"#) }
        try await rig.working(Handlers("x") { _, _ in }) { _ in
            try await eventually {
                try await rig.store.snapshot()
            } is: {
                $0.count(.succeeded) == 315 && $0.count(.dead) == 35
            }
        }
    }
}
