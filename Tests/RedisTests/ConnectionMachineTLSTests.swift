import Testing

@testable import Redis

@Suite(.timeLimit(.minutes(1))) struct ConnectionMachineTLSTests {
    @Test func `nothing is written before the connection is encrypted`() {
        var bench = Bench("rediss://u:p@h")
        bench.encrypted()
        bench.enqueue("A")
        bench.connect()
        bench.encrypted()
        bench.flush()
        #expect(bench.news() == ["connect 1"])
        bench.connected()
        bench.flush()
        bench.reply()
        #expect(bench.news() == [] && bench.machine.needsTick)
        bench.encrypted(attempt: 0)
        #expect(bench.news() == [])
        bench.encrypted()
        bench.encrypted()
        #expect(bench.news() == ["write AUTH PING"])
        bench.reply()
        bench.reply()
        bench.flush()
        #expect(bench.news() == ["up", "write A"])
    }

    @Test func `a silent server is suspected of speaking plain text, unless it has worked before`() {
        var bench = Bench("rediss://h")
        bench.enqueue("A", timeout: 60_000)
        bench.connect()
        bench.connected()
        bench.wait(4999)
        #expect(bench.news() == ["connect 1"])
        bench.wait(1)
        let suspicion = "down: tls (\(RedisTLSFailure.silentServer))"
        #expect(bench.news() == ["close socket", suspicion, "reconnect within 50 ms"])
        bench.becomeReady()
        bench.flush()
        #expect(bench.news() == ["write A"])
        bench.lose()
        bench.connect()
        bench.connected()
        _ = bench.news()
        bench.wait(5000)
        #expect(bench.news().contains("down: unreachable (no answer within 5.0 seconds)"))
    }

    @Test(arguments: RedisTLSFailure.all)
    func `what somebody must correct fails all that waits, at once, and is tried again`(failure: RedisTLSFailure) {
        var bench = Bench("rediss://h") { $0.maxInFlight = 1 }
        bench.enqueue("A", "B")
        bench.connect()
        bench.refuse(failure, attempt: 0)
        #expect(bench.news() == ["connect 1"])
        bench.refuse(failure)
        bench.refuse(failure)
        // The others may pass: the server is just away, or is connected to with what is known.
        let mayPass: [RedisTLSFailure] = [.silentServer, .hungUp, .stale(.untrusted)]
        let waiting = !mayPass.contains(failure) ? ["A B: tls (\(failure))"] : []
        #expect(
            bench.news() == ["close socket"] + waiting + ["down: tls (\(failure))", "reconnect within 50 ms"])
        bench.enqueue("C", timeout: 10)
        bench.wait(10)
        #expect(bench.news() == ["C: tls (\(failure))"])
        bench.connect()
        #expect(bench.news() == ["connect 2"])
    }

    @Test func `a connection that worked is lost, not refused`() {
        var bench = Bench("rediss://h")
        bench.becomeReady()
        bench.enqueue("A")
        bench.flush()
        bench.refuse(.handshake("x"))
        #expect(
            bench.news() == ["write A", "close socket", "A: lost sent", "down: lost sent", "reconnect within 50 ms"])
    }
}
