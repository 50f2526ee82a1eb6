import ArgumentParser
import JobModel
import JobQueueHTTP
import Testing

@testable import JobQueueCLI

@Suite struct TokensTests {
    private func wish(_ words: String...) throws -> TokenWish { try RightsOptions.parse(words).wish() }

    private func refusal(_ words: String...) throws -> String {
        let failure = try #require(throws: Failure.self) { _ = try RightsOptions.parse(words).wish() }
        #expect(failure.code == .usage && isHarmless(failure.message))
        return failure.message
    }

    @Test func `a token that nobody describes may do what a producer needs`() throws {
        let rights = try wish().rights(now: now)
        #expect(rights == TokenRights(scopes: [.jobsWrite, .jobsRead, .payloadRead], queues: ["*"]))
    }

    @Test func `scopes and queues come with commas, repeatedly, or both`() throws {
        let rights = try wish(
            "--scope", "jobs:read,stats:read", "--scope", "jobs:write", "--queue", "mail*", "--queue", "a,b", "--note",
            "x",
            "--rate", "0", "--expires", "90d"
        ).rights(now: now)
        #expect(rights.scopes == [.jobsRead, .statsRead, .jobsWrite] && rights.queues == ["mail*", "a", "b"])
        #expect(rights.note == "x" && rights.rate == 0 && rights.expiresMs == now + 90 * 86_400_000)
    }

    @Test func `what cannot be is refused with what can be`() throws {
        let list =
            "jobs:manage, jobs:read, jobs:write, payload:read, queues:manage, stats:read, tokens:manage"
        #expect(try refusal("--scope", "jobs:fly") == "there is no scope \"jobs:fly\": use some of \(list)")
        #expect(try refusal("--scope", "jobs:read,").contains("there is no scope \"\""))
        #expect(try refusal("--scope", hostile).contains("no scope"))
        #expect(try refusal("--queue", "a b").contains("bad pattern \"a b\""))
        #expect(try refusal("--queue", hostile).contains("bad pattern"))
        for expires in ["soon", "0", "0s", "-1d"] {
            #expect(try refusal("--expires=\(expires)").contains("12h or 90d"))
        }
        #expect(try refusal("--rate", "-1").contains("requests a minute"))
        #expect(try refusal("--note", String(repeating: "x", count: 201)).contains("200 characters"))
    }

    // MARK: ls

    private func sheet(_ change: (inout TokenSheet) -> Void = { _ in }) -> TokenSheet {
        var sheet = TokenSheet(
            id: "4k7w0c1zq9xm", scopes: ["jobs:read", "jobs:write"], queues: ["mail*", "sms"], note: "the shop",
            createdMs: now - 5000, createdBy: "cli:me", expiresMs: now + 90 * 86_400_000, rate: 600,
            lastUsedMs: now - 61_000)
        change(&sheet)
        return sheet
    }

    @Test func `tokens stand below each other, with their ends and last uses`() {
        let other = sheet {
            $0 = TokenSheet(
                id: "000000000001", scopes: ["stats:read"], queues: ["*"], note: "", createdMs: now, createdBy: "",
                expiresMs: nil)
        }
        let over = sheet {
            $0.expiresMs = now
            $0.rate = 0
        }
        #expect(
            TokenPage([sheet(), other, over], now: now).lines == [
                "ID            SCOPES                QUEUES     EXPIRES    USED    RATE      NOTE",
                "4k7w0c1zq9xm  jobs:read,jobs:write  mail*,sms  in 90d 0h  1m ago  600/min   the shop",
                "000000000001  stats:read            *          never      never   -",
                "4k7w0c1zq9xm  jobs:read,jobs:write  mail*,sms  expired    1m ago  no limit  the shop",
            ])
        #expect(TokenPage([], now: now).lines == ["no tokens"])
    }

    @Test func `hostile notes move no cursor`() throws {
        let lines = TokenPage([sheet { $0.note = hostile }, sheet { $0.createdBy = hostile }], now: now).lines
        #expect(lines.count == 3 && lines.allSatisfy { isHarmless($0) })
        let json = try Output.encode([sheet { $0.note = hostile }])
        #expect(json.split(separator: "\n").allSatisfy { isHarmless(String($0)) })
    }
}
