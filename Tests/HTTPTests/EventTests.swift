import HTTPTypes
import Hummingbird
import JobModel
import JobStore
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import JobQueueHTTP

extension HTTPTests {
    /// A job's life as a stream.
    @Suite struct EventTests {
        private final class Text: Sendable {
            let text = Mutex("")
            var value: String { text.withLock { $0 } }
        }

        /// Collects a stream; `onEvent` is called behind each part.
        private struct Writer: ResponseBodyWriter {
            let text: Text
            let onEvent: @Sendable (String) async throws -> Void

            mutating func write(_ buffer: ByteBuffer) async throws {
                let part = String(buffer: buffer)
                text.text.withLock { $0 += part }
                try await onEvent(part)
            }

            consuming func finish(_ trailers: HTTPFields?) async throws {}
        }

        @Test func `each change of a job is an event, and its end the last`() async throws {
            let rig = try await APIRig()
            #expect(try await rig.call(.put, "/v1/queues/default/jobs/a", #"{"name":"x"}"#).status == 201)
            let text = Text()
            let stream = try await rig.stream("/v1/queues/default/jobs/a/events")
            try await stream.write(
                Writer(text: text) { part in
                    if part.contains("\"queued\"") {
                        let cancelled = try await rig.call(.post, "/v1/queues/default/jobs/a/cancel")
                        #expect(cancelled.status == 200)
                    }
                })
            let events = text.value.split(separator: "\n\n").map(String.init)
            #expect(events.count == 3)
            #expect(events[0].hasPrefix("event: state\nid: ") && events[0].contains("\"state\":\"queued\""))
            #expect(events[1].contains("\"state\":\"cancelled\""))
            #expect(events[2].hasPrefix("event: end\n") && events[2].hasSuffix("data: {}"))

            let last = try #require(events[1].split(separator: "\n").first { $0.hasPrefix("id: ") }?.dropFirst(4))
            let again = Text()
            let rest = try await rig.stream("/v1/queues/default/jobs/a/events", [.lastEventID: String(last)])
            try await rest.write(Writer(text: again) { _ in })
            #expect(again.value.hasPrefix("event: end\n"))
        }

        @Test func `a job that is not there has no stream`() async throws {
            let rig = try await APIRig()
            #expect(try await rig.call(.get, "/v1/queues/default/jobs/a/events").status == 404)
        }
    }
}
