import Foundation
import HTTPTypes
import JobQueueClient
import JobStore
import Redis
import TestSupport
import Testing

@testable import JobQueueHTTP

extension HTTPTests {
    /// What probes are told.
    @Suite(.timeLimit(.minutes(1))) struct HealthTests {
        private func check(_ finding: Health.Finding, _ looks: Log<Void> = Log()) -> Health.Check {
            Health.Check("redis") {
                looks.note(())
                return finding
            }
        }

        @Test(arguments: [
            (nil, false, Health.Status.ready), (nil, true, .degraded), ("unreachable", false, .notReady),
            ("unreachable", true, .notReady),
        ])
        func `one thing that is broken is enough, one that is slow does not stop the work`(
            error: String?, isSlow: Bool, status: Health.Status
        ) async {
            let fine = Health.Check("loop") { Health.Finding(.age(.milliseconds(12))) }
            let health = Health([fine, check(Health.Finding(error: error, isDegraded: isSlow))])
            let report = await health.report()
            #expect(report.status == status && report.findings.map(\.name) == ["loop", "redis"])
            #expect(health.isStarted == (status != .notReady))
        }

        @Test func `the report is as documented`() {
            let fine = Health.judge([("redis", .init(.latency(.microseconds(432))))])
            #expect(
                String(decoding: fine.encoded, as: UTF8.self)
                    == #"{"status":"ready","dependencies":{"redis":{"status":"ok","latency_ms":0.4,"error":null}}}"#)
            let broken = Health.judge([
                ("redis", .init(error: "unreachable")), ("fetch_loop", .init(.age(.milliseconds(12)))),
            ])
            #expect(
                String(decoding: broken.encoded, as: UTF8.self)
                    == #"{"status":"not_ready","dependencies":{"redis":{"status":"error","latency_ms":null,"#
                    + #""error":"unreachable"},"fetch_loop":{"status":"ok","age_ms":12,"error":null}}}"#)
        }

        @Test func `what is not vital makes it degraded at most, and says so itself`() {
            let redis = ("redis", Health.Finding(.latency(.microseconds(432))))
            let cases: [(Health.Finding, Health.Status, String)] = [
                (.init(.age(.zero), isVital: false), .ready, #"{"status":"ok","age_ms":0,"error":null}"#),
                (
                    .init(.age(.seconds(61)), isDegraded: true, isVital: false), .degraded,
                    #"{"status":"degraded","age_ms":61000,"error":null}"#
                ),
                (
                    .init(error: "unreachable", isVital: false), .degraded,
                    #"{"status":"error","latency_ms":null,"error":"unreachable"}"#
                ),
            ]
            for (finding, status, text) in cases {
                let report = Health.judge([redis, ("outbox", finding)])
                #expect(report.status == status && report.answer.status == .ok)
                #expect(String(decoding: report.encoded, as: UTF8.self).hasSuffix(#","outbox":\#(text)}}"#))
                let broken = Health.judge([("redis", .init(error: "unreachable")), ("outbox", finding)])
                #expect(broken.status == .notReady)
            }
        }

        @Test func `a thousand probes look once`() async {
            let looks = Log<Void>()
            let health = Health([check(Health.Finding(), looks)])
            await withTaskGroup { group in
                for _ in 0..<1000 { group.addTask { _ = await health.report() } }
            }
            #expect(looks.items.count == 1)
        }

        @Test func `who stops is not ready, and lives`() async throws {
            let health = Health([check(Health.Finding())])
            #expect(await health.report().status == .ready)
            health.stop()
            #expect(await health.report().status == .notReady)
            #expect(health.isAlive())
        }

        /// A server with nothing but health.
        private func serve(
            _ health: Health, place: APIServer.Place = .port(host: "127.0.0.1", 0),
            certificates: CertificateSource? = nil, _ body: (HealthProbe) async throws -> Void
        ) async throws {
            var configuration = APIServer.Configuration()
            configuration.place = place
            configuration.certificates = certificates
            configuration.grace = .seconds(1)
            try await APIServer(admin: health.routes, configuration).run { place in
                try await body(HealthProbe(place, isSecure: certificates != nil))
            }
        }

        @Test func `a Redis that stands still makes it not ready and not dead, and passes`() async throws {
            let redis = try await PrivateRedis.launch()
            let client = try await TestQueue.client(redis)
            try await serve(Health([.redis(Store(client), within: .seconds(1))])) { probe in
                #expect(try await probe.ask("startup", within: .seconds(20)) == #"{"status":"started"}"#)
                #expect(try await probe.ask("ready", within: .seconds(20)).contains(#""redis":{"status":"ok""#))
                redis.freeze()
                let words = try await eventually {
                    await refusal(of: probe)
                } is: {
                    !$0.isEmpty
                }
                #expect(
                    words.hasPrefix(#"503 {"status":"not_ready""#) && words.contains("unreachable"), "\(words)")
                #expect(try await probe.ask("live", within: .seconds(20)) == #"{"status":"alive"}"#)
                redis.thaw()
                try await eventually {
                    await refusal(of: probe)
                } is: {
                    $0.isEmpty
                }
            }
            await client.close()
        }

        private func refusal(of probe: HealthProbe) async -> String {
            do { _ = try await probe.ask("ready", within: .seconds(20)) } catch { return error.description }
            return ""
        }

        @Test func `what does not live says so, and what has not been ready has not started`() async throws {
            let health = Health([check(Health.Finding(error: "stuck"))]) { false }
            try await serve(health) { probe in
                for (name, answer) in [("live", "stuck"), ("startup", "starting")] {
                    let failure = await #expect(throws: HealthProbe.Failure.self) {
                        try await probe.ask(name, within: .seconds(20))
                    }
                    #expect(failure?.description == #"503 {"status":"\#(answer)"}"#)
                }
            }
        }

        @Test func `sockets can be asked as well, and nobody there is said in time`() async throws {
            let path = "/tmp/queue-test-\(UUID().uuidString.prefix(8)).sock"
            try await serve(Health([]), place: .socket(path)) { _ in
                let probe = try #require(HealthProbe(url: "unix://\(path)"))
                #expect(try await probe.ask("live", within: .seconds(20)).contains("alive"))
            }
            for url in ["unix://\(path)", "http://127.0.0.1:1", "https://[::1]:1/x"] {
                let probe = try #require(HealthProbe(url: url))
                let failure = await #expect(throws: HealthProbe.Failure.self) {
                    try await probe.ask("live", within: .seconds(1))
                }
                #expect(
                    failure?.description.contains("no answer") == true && failure?.description.contains("\n") == false)
            }
            for url in ["", "ftp://a", "http://", "http://a:0", "http://a:b", "unix://a", "127.0.0.1:80"] {
                #expect(HealthProbe(url: url) == nil, "\(url)")
            }
        }
    }
}
