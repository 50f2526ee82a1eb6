import Testing

@testable import Redis

@Suite(.timeLimit(.minutes(1))) struct ConnectionMachineTests {
    @Test func `replies go to their commands in order`() {
        var bench = Bench()
        bench.becomeReady()
        bench.enqueue("A", "B")
        bench.flush()
        bench.enqueue("C")
        bench.flush()
        #expect(bench.news() == ["write A B", "write C"])
        bench.reply()
        bench.reply(.wrongType)
        bench.reply()
        #expect(bench.news() == ["A answered", "B answered", "C answered"])
    }

    @Test func `nothing is written before the handshake is through`() {
        var bench = Bench("redis://u:p@h/3") { $0.clientName = "n" }
        bench.enqueue("A")
        bench.flush()
        #expect(bench.news() == [])
        bench.connect()
        bench.connect()
        bench.flush()
        #expect(bench.news() == ["connect 1"])
        bench.connected()
        bench.flush()
        #expect(bench.news() == ["write AUTH SELECT CLIENT PING"])
        bench.reply()
        bench.reply()
        bench.reply(.server(word: "ERR", message: "a name must not hold spaces"))
        bench.flush()
        #expect(bench.news() == [])
        bench.reply()
        bench.flush()
        #expect(bench.news() == ["up", "write A"])
    }

    @Test func `a cut connection fails every command in flight and keeps the unsent ones for the next`() {
        var bench = Bench()
        bench.becomeReady()
        bench.enqueue("A", "B")
        bench.flush()
        bench.enqueue("C")
        bench.lose()
        #expect(
            bench.news() == [
                "write A B", "close socket", "A B: lost sent", "down: lost sent", "reconnect within 50 ms",
            ])
        bench.enqueue("D")
        bench.becomeReady()
        bench.flush()
        #expect(bench.news() == ["write C D"])
    }

    @Test func `a command out of time costs the connection`() {
        var bench = Bench()
        bench.becomeReady()
        bench.enqueue("slow", timeout: 100)
        bench.enqueue("other", timeout: 900)
        bench.flush()
        bench.enqueue("unsent", timeout: 900)
        bench.enqueue("brief", timeout: 100)
        _ = bench.news()
        bench.wait(99)
        #expect(bench.news() == [])
        bench.wait(1)
        #expect(
            bench.news() == [
                "close socket", "slow: timed out sent", "other: lost sent", "down: timed out sent",
                "reconnect within 50 ms",
                "brief: timed out unsent",
            ])
        bench.reply(attempt: 1)
        #expect(bench.news() == [])
        bench.becomeReady()
        bench.flush()
        #expect(bench.news() == ["write unsent"])
    }

    @Test func `a command that never found a connection hears why`() {
        var bench = Bench()
        bench.enqueue("A", timeout: 100)
        bench.connect()
        bench.lose()
        #expect(bench.news() == ["connect 1", "close socket", "down: unreachable (refused)", "reconnect within 50 ms"])
        bench.wait(100)
        #expect(bench.news() == ["A: unreachable (refused)"])
    }

    @Test(arguments: ["connect", "handshake"]) func `an attempt that takes too long is given up`(stage: String) {
        var bench = Bench()
        bench.connect()
        if stage == "handshake" { bench.connected() }
        _ = bench.news()
        bench.wait(4999)
        #expect(bench.news() == [] && bench.machine.needsTick)
        bench.wait(1)
        #expect(
            bench.news() == [
                "close socket", "down: unreachable (no answer within 5.0 seconds)", "reconnect within 50 ms",
            ])
        #expect(bench.machine.state == .resting && !bench.machine.needsTick)
    }

    @Test func `a refused log-in fails all that waits, at once, and tries again`() {
        var bench = Bench("redis://:wrong@h") { $0.maxInFlight = 1 }
        bench.enqueue("A", "B")
        bench.connect()
        bench.connected()
        _ = bench.news()
        bench.reply(.authentication("WRONGPASS"))
        #expect(
            bench.news() == ["close socket", "A B: authentication", "down: authentication", "reconnect within 50 ms"])
        bench.reply(.authentication("NOAUTH"))
        #expect(bench.news() == [])
        bench.enqueue("C", timeout: 10)
        bench.wait(10)
        #expect(bench.news() == ["C: authentication"])
        bench.connect()
        #expect(bench.news() == ["connect 2"])
    }

    static let refusals: [(Handshake.Step, RedisError, RedisError?)] = [
        (.authenticate, .authentication("x"), .authentication("x")),
        (.ping, .authentication("x"), .authentication("x")),
        (.selectDatabase, .permission("x"), .permission("x")),
        (
            .selectDatabase, .server(word: "ERR", message: "x"),
            .unreachable("could not select the database: Redis answered ERR x")
        ),
        (.authenticate, .server(word: "ERR", message: "x"), .unreachable("could not log in: Redis answered ERR x")),
        (.setName, .permission("x"), nil), (.setName, .server(word: "ERR", message: "x"), nil),
        (.ping, .loading, .unreachable("Redis is still loading its data (LOADING)")),
        (
            .ping, .server(word: "ERR", message: "max number of clients reached"),
            .unreachable("Redis answered ERR max number of clients reached")
        ),
        (.ping, .persistence, nil), (.ping, .busy, nil), (.ping, .permission("x"), nil), (.ping, .masterDown, nil),
    ]

    @Test(arguments: refusals)
    func `a refused step of the handshake counts as much as it matters`(
        step: Handshake.Step, error: RedisError, verdict: RedisError?
    ) {
        #expect(Handshake.verdict(on: step, refusedWith: error) == verdict)
    }

    @Test func `a reply nobody asked for costs the connection`() {
        var bench = Bench()
        bench.becomeReady()
        bench.reply()
        #expect(bench.news() == ["close socket", "down: protocol", "reconnect within 50 ms"])
    }

    @Test func `an earlier connection that speaks late changes nothing`() {
        var bench = Bench()
        bench.becomeReady()
        bench.lose()
        bench.becomeReady()
        bench.enqueue("A")
        bench.flush()
        _ = bench.news()
        bench.reply(attempt: 1)
        bench.lose(attempt: 1)
        #expect(bench.news() == [])
        #expect(!bench.machine.awaits(attempt: 1) && !bench.machine.awaits(attempt: 2))
        bench.reply()
        #expect(bench.news() == ["A answered"])
    }

    @Test func `commands beyond the bound wait for room, urgent ones do not`() {
        var bench = Bench { $0.maxInFlight = 2 }
        bench.becomeReady()
        bench.enqueue("A", "B", "C", "D")
        bench.enqueue("urgent", isUrgent: true)
        bench.flush()
        #expect(bench.news() == ["write A B urgent"])
        #expect(bench.machine.load == RedisLoad(inFlight: 3, unsent: 0, waiting: 2))
        bench.reply()
        bench.flush()
        #expect(bench.news() == ["A answered"])
        bench.reply()
        bench.flush()
        #expect(bench.news() == ["B answered", "write C"])
    }

    @Test func `bytes are bounded as well, but a giant goes alone`() {
        var bench = Bench { $0.maxInFlightBytes = 1000 }
        bench.becomeReady()
        bench.enqueue("A", "B", "C", size: 400)
        bench.enqueue("giant", size: 5000)
        bench.enqueue("small")
        bench.flush()
        #expect(bench.news() == ["write A B"])
        bench.reply()
        bench.flush()
        bench.reply()
        bench.flush()
        #expect(bench.news() == ["A answered", "write C", "B answered"])
        bench.reply()
        bench.flush()
        #expect(bench.news() == ["C answered", "write giant"])
        bench.reply()
        bench.flush()
        bench.reply()
        #expect(bench.news() == ["giant answered", "write small", "small answered"])
        #expect(bench.machine.admittedBytes == 0)
    }

    @Test func `a command that is out of time is not sent any more`() {
        var bench = Bench()
        bench.connect()
        bench.connected()
        bench.enqueue("late", timeout: 10)
        bench.enqueue("early", timeout: 20)
        bench.now += 10
        bench.reply()
        _ = bench.news()
        bench.flush()
        #expect(bench.news() == ["write early", "late: timed out unsent"])
    }

    @Test func `close fails everything and is final`() {
        var bench = Bench { $0.maxInFlight = 1 }
        bench.becomeReady()
        bench.enqueue("A")
        bench.flush()
        bench.enqueue("B")
        bench.close()
        bench.close()
        bench.enqueue("C")
        bench.connect()
        bench.lose()
        bench.reply()
        bench.flush()
        bench.wait(60_000)
        #expect(bench.news() == ["write A", "close socket", "A B: closed", "down: closed", "C: closed"])
        #expect(bench.machine.load == RedisLoad(inFlight: 0, unsent: 0, waiting: 0))
    }

    @Test func `pauses grow with failures and shrink after a success`() {
        var bench = Bench { $0.backoff = ReconnectBackoff(minimum: .milliseconds(50), maximum: .seconds(1000)) }
        for _ in 0..<12 {
            bench.connect()
            bench.lose()
        }
        #expect(bench.machine.failures == 12)
        #expect(bench.news().contains("reconnect within more ms"))
        bench.becomeReady()
        bench.lose()
        #expect(bench.machine.failures == 1)
        #expect(bench.news().last == "reconnect within 50 ms")
    }

    @Test func `there is nothing to tick for when nothing is pending`() {
        var bench = Bench()
        #expect(!bench.machine.needsTick)
        bench.becomeReady()
        #expect(!bench.machine.needsTick)
        bench.enqueue("A")
        #expect(bench.machine.needsTick)
        bench.flush()
        #expect(bench.machine.needsTick)
        bench.reply()
        #expect(!bench.machine.needsTick)
    }
}
