import JobModel
import JobQueueClient
import JobQueueWorker
import JobStore
import Logging
import Redis
import TestSupport
import Testing

/// Notes what a worker logs, and of which request it speaks.
private struct RequestLog: LogHandler {
    let log: Log<String>
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
    func log(event: LogEvent) {
        let id = (event.metadata?["request_id"] ?? metadata["request_id"]).map { "\($0)" }
        log.note("\(event.message): \(id as Any)")
    }
}

/// What a door of this program hands on.
@Suite(.serialized, .timeLimit(.minutes(1))) struct OfferTests {
    private func offer(
        _ rig: Rig, _ payload: String = "1", name: String = "x", _ identity: JobIdentity = .made, due: Due = .now,
        requestID: String? = nil, _ change: (inout JobOptions) -> Void = { _ in }
    ) -> Offer {
        Offer(
            name: name, payload: Array(payload.utf8), identity: identity, due: due, options: rig.options(change),
            requestID: requestID)
    }

    private func words(_ results: [JobQueue.OfferResult]) -> [String] {
        results.map { result in
            switch result {
            case .success(let offered): "\(offered.admission)".split(separator: "(").first.map(String.init) ?? ""
            case .failure(let error): "\(error.code) \(error.field ?? "-")"
            }
        }
    }

    @Test func `an offer is stored with its options, its time and the id of its request`() async throws {
        let rig = try await Rig.make()
        let offered = try await rig.jobs.offer(
            offer(rig, "[1]", .own("a"), due: .after(ms: 60_000), requestID: "r-1") { $0.maxAttempts = 3 }
        ).get()
        #expect(offered == Offered(id: "a", queue: rig.name, admission: .created))
        let envelope = try Envelope(parsing: await rig.view(of: "a", when: .scheduled).envelope)
        #expect(envelope.requestID == "r-1" && envelope.policy.maxAttempts == 3)
        #expect(try await rig.jobs.offer(offer(rig, "[1]", .own("a"))).get().admission == .duplicate(.scheduled))
        #expect(try await rig.jobs.offer(offer(rig, "[2]", .own("a"))).get().admission == .conflict(.scheduled))
    }

    @Test func `a key is told from another request by its digest, not by the job`() async throws {
        let rig = try await Rig.make()
        func key(_ digest: String) -> JobIdentity { .key(id: "k:1", digest: digest, rememberMs: 86_400_000) }
        #expect(try await rig.jobs.offer(offer(rig, "1", key("d"))).get().admission == .created)
        #expect(try await rig.jobs.offer(offer(rig, "2", key("d"))).get().admission == .duplicate(.queued))
        #expect(try await rig.jobs.offer(offer(rig, "1", key("e"))).get().admission == .conflict(.queued))
        let until = try #require(try await rig.store.picture()["idem-until k:1"].flatMap { Int($0) })
        #expect(until > (try await rig.jobs.store.time()) + 86_300_000)
    }

    @Test func `each of many offers is answered in order, whatever queue it is for`() async throws {
        let rig = try await Rig.make()
        let other = "\(rig.name)-2"
        var offers = (0..<2500).map { number in
            offer(rig, "\(number)") { if number % 3 == 0 { $0.queue = other } }
        }
        offers[7].name = ""
        offers[8].identity = .own("a")
        offers[9].identity = .own("a")
        offers[10].identity = .own("a")
        let results = await rig.jobs.offer(offers, atomic: false)
        #expect(words(results)[6...11] == ["created", "bad-name name", "created", "created", "conflict", "created"])
        #expect(words(results).filter { $0 == "created" }.count == 2498)
        for position in [0, 1, 1500, 2498] {
            let offered = try results[position].get()
            let view = try await rig.jobs.store.queue(offered.queue).inspect([offered.id], full: true).jobs[0]
            #expect(try Envelope(parsing: view.envelope).payload.elementsEqual("\(position)".utf8))
            #expect(offered.queue.text == (position % 3 == 0 ? other : rig.name.text))
        }
    }

    @Test func `one bad offer of an atomic call keeps the others out`() async throws {
        let rig = try await Rig.make()
        try await rig.enqueue("x", "1", id: "taken")
        let before = try await rig.store.picture()
        let fine = offer(rig)
        for (bad, word) in [
            (offer(rig, "{"), "bad-payload payload"), (offer(rig, "2", .own("taken")), "conflict"),
            (offer(rig) { $0.queue = "second" }, "bad-option queue"),
        ] {
            #expect(words(await rig.jobs.offer([fine, bad, fine], atomic: true)) == ["held", word, "held"])
        }
        #expect(try await rig.store.picture().changes(since: before) == [])
        #expect(words(await rig.jobs.offer([fine, fine], atomic: true)) == ["created", "created"])
        #expect(await rig.jobs.offer([], atomic: true).isEmpty)
    }

    @Test func `an atomic call takes no more than one script should`() async throws {
        let rig = try await Rig.make()
        let many = [Offer](repeating: offer(rig), count: 1001)
        #expect(Set(words(await rig.jobs.offer(many, atomic: true))) == ["bad-option -"])
        let large = [Offer](repeating: offer(rig, "\"\(String(repeating: "x", count: 262_000))\""), count: 33)
        #expect(Set(words(await rig.jobs.offer(large, atomic: true))) == ["bad-option -"])
        #expect(try await rig.store.picture().lines.isEmpty)
        #expect(Set(words(await rig.jobs.offer(Array(large.dropLast()), atomic: true))) == ["created"])
        #expect(Set(words(await rig.jobs.offer(Array(many.dropLast()), atomic: true))) == ["created"])
    }

    @Test func `what is wrong is called by its field`() async throws {
        let rig = try await Rig.make()
        let bad: [(Offer, String)] = [
            (offer(rig, name: "a b"), "bad-name name"), (offer(rig, "1", .own("a/b")), "bad-name id"),
            (offer(rig, "1", .key(id: "", digest: "", rememberMs: 1)), "bad-name id"),
            (offer(rig) { $0.queue = "{}" }, "bad-name queue"),
            (offer(rig) { $0.tags = ["a", "b c"] }, "bad-name tags/1"),
            (offer(rig) { $0.tags = (0..<17).map { "t\($0)" } }, "bad-option tags"),
            (offer(rig) { $0.maxAttempts = 0 }, "bad-option max_attempts"),
            (offer(rig) { $0.timeout = .zero }, "bad-option timeout_ms"),
            (offer(rig) { $0.expiry = .zero }, "bad-option expires_ms"),
            (offer(rig) { $0.backoff = .list([]) }, "bad-option backoff"), (offer(rig, "{"), "bad-payload payload"),
            (offer(rig, "\"\(String(repeating: "x", count: 262_143))\""), "payload-too-large payload"),
            (offer(rig) { $0.metadata = ["k": String(repeating: "x", count: 66_000)] }, "bad-option metadata"),
            (offer(rig, due: .at(ms: Due.latest + 1)), "bad-option run_at_ms"),
            (offer(rig, due: .after(ms: Due.latest + 1)), "bad-option delay_ms"),
            (offer(rig, requestID: ""), "bad-option request_id"),
            (offer(rig, requestID: "a\nb"), "bad-option request_id"),
            (offer(rig, requestID: String(repeating: "x", count: 129)), "bad-option request_id"),
        ]
        #expect(words(await rig.jobs.offer(bad.map(\.0), atomic: false)) == bad.map(\.1))
        for (offer, word) in bad { #expect(words([await rig.jobs.offer(offer)]) == [word]) }
        #expect(try await rig.store.picture().lines.isEmpty)
    }

    @Test func `the id of a request stands in every line of the run, and in no other`() async throws {
        let log = Log<String>()
        let rig = try await Rig.make().with {
            $0.logger = Logger(label: "worker") { _ in RequestLog(log: log) }
        }
        for id in [nil, "r-1"] { _ = try await rig.jobs.offer(offer(rig, requestID: id)).get() }
        try await rig.drain(
            Handlers("x") { _, context in
                context.logger.info("at work for \(context.requestID ?? "nobody")")
            })
        let lines = log.items.filter { $0.hasPrefix("at work") || $0.hasPrefix("job ") }
        #expect(
            Set(lines) == [
                "at work for nobody: nil", #"at work for r-1: Optional("r-1")"#, "job succeeded: nil",
                #"job succeeded: Optional("r-1")"#,
            ])
    }

    @Test func `an error of the connection is that of every job`() async throws {
        let server = try PrivateRedis()
        let rig = try await Rig.make(on: server)
        let offers = [offer(rig), offer(rig, name: ""), offer(rig)]
        _ = try await rig.store.client.send(Command("HSET", Key.meta.name(in: rig.name), "format", "9"))
        for atomic in [false, true] {
            let expected =
                atomic ? ["held", "bad-name name", "held"] : ["foreign-format -", "bad-name name", "foreign-format -"]
            #expect(words(await rig.jobs.offer(offers, atomic: atomic)) == expected)
        }
    }
}
