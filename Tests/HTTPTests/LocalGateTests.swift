import HTTPTypes
import Testing

@testable import JobQueueHTTP

@Suite struct LocalGateTests {
    @Test func `programs of this machine come in, pages of others do not`() async throws {
        let gate = LocalGate()
        _ = try await gate.admit([:], to: .scope(.jobsWrite))
        for origin in ["http://localhost", "http://localhost:3000", "https://127.0.0.1:8080", "http://[::1]:80"] {
            _ = try await gate.admit([.origin: origin], to: .scope(.jobsWrite))
        }
        for origin in ["null", "", "https://a.example", "http://localhost.a.example", "http://127.0.0.1.a.example:80"] {
            let problem = await #expect(throws: Problem.self) {
                try await gate.admit([.origin: origin], to: .scope(.jobsWrite))
            }
            #expect(problem?.kind == .forbidden, "\(origin)")
        }
    }
}
