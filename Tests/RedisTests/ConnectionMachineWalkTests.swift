import NIOCore
import Testing

@testable import Redis

/// Random walks: whatever happens in whatever order, some things hold.
@Suite(.timeLimit(.minutes(1))) struct ConnectionMachineWalkTests {
    /// A machine and a model of its server, which knows the commands on the wire.
    private struct Walk {
        var bench = Bench("rediss://:p@h") {
            $0.maxInFlight = 5
            $0.maxInFlightBytes = 600
            $0.connectTimeout = .milliseconds(200)
        }
        var generator: SeededGenerator
        var wire: [String] = []
        var given: Set<String> = []
        var ended: [String] = []
        var complaint: String?

        init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

        mutating func step() {
            switch Int.random(in: 0..<14, using: &generator) {
            case 0...4: enqueue()
            case 5...7: bench.flush()
            case 8, 9: answer()
            case 10: bench.connect()
            case 11: encrypt()
            case 12: bench.wait(Int.random(in: 0...60, using: &generator))
            default: if Int.random(in: 0..<4, using: &generator) == 0 { bench.lose() }
            }
            digest()
            check()
        }

        mutating func finish() {
            bench.close()
            digest()
            if Set(ended) != given || ended.count != given.count { complaint = "a command ended twice or not at all" }
            if bench.machine.admittedBytes != 0 { complaint = "bytes are left over" }
        }

        private mutating func enqueue() {
            let name = "c\(given.count)"
            given.insert(name)
            bench.enqueue(
                name, size: Int.random(in: 0...200, using: &generator),
                timeout: Int.random(in: 1...400, using: &generator))
        }

        private mutating func encrypt() {
            bench.connected()
            let isRefused = Int.random(in: 0..<8, using: &generator) == 0
            if isRefused { bench.refuse(.untrusted) } else { bench.encrypted() }
        }

        private mutating func answer() {
            switch bench.machine.state {
            case .handshaking:
                let isRefused = Int.random(in: 0..<8, using: &generator) == 0
                bench.reply(isRefused ? .authentication("no") : nil)
            case .ready where !wire.isEmpty:
                let expected = wire.removeFirst()
                bench.reply()
                if bench.events.last != "\(expected) answered" { complaint = "the reply to \(expected) went astray" }
            default: break
            }
        }

        private mutating func digest() {
            for event in bench.news() {
                let words = event.split(separator: ":")[0].split(separator: " ").map(String.init)
                switch words.first {
                case "write" where words[1] != "AUTH": wire += words.dropFirst()
                case "close": wire = []
                case .some(let word) where word.hasPrefix("c") && given.contains(word):
                    ended += words.filter(given.contains)
                default: break
                }
            }
        }

        private mutating func check() {
            let load = bench.machine.load
            if load.inFlight + load.unsent > 5 { complaint = "the bound was exceeded" }
            if load.inFlight != wire.count { complaint = "the wire has \(wire.count), the machine \(load.inFlight)" }
            let isConsistent = bench.machine.state == .ready || load.inFlight == 0
            if !isConsistent { complaint = "in flight without a connection" }
        }
    }

    @Test(arguments: 0..<40) func `every command ends once, with its own reply, and bounds hold`(walk: Int) {
        let seed = UInt64.random(in: 0...UInt64.max)
        var walk = Walk(seed: seed)
        for _ in 0..<2000 where walk.complaint == nil { walk.step() }
        walk.finish()
        #expect(walk.complaint == nil, "seed \(seed)")
        #expect(walk.ended.count > 100, "seed \(seed)")
    }
}
