import HTTPTypes
import Hummingbird
import JobModel
import JobStore
import NIOCore

extension JobQueueAPI {
    /// A job's life as a stream of server-sent events.
    var eventRoutes: [Route] {
        [
            Route(.get, "/v1/queues/{queue}/jobs/{id}/events", .jobsRead) { call throws(Problem) in
                try await events(call)
            }
        ]
    }

    /// How often the job is looked at, and how often a silent stream says that it lives.
    private static let look = Duration.milliseconds(250)
    private static let heartbeat = Duration.seconds(15)

    private func events(_ call: Call) async throws(Problem) -> Answer {
        let (queue, id) = (try call.queue(), try call.jobID())
        let first = try await view(of: id, in: queue)
        let pass = try waits.pass(for: call.caller)
        let seen = call.headers[.lastEventID]
        let stream = ResponseBody { [self] writer in
            // The stream is one of the caller's waits until it ends, however it does.
            defer { withExtendedLifetime(pass) {} }
            try await follow(first, queue, call, from: seen, &writer)
            try await writer.finish(nil)
        }
        return Answer(
            .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"], body: .stream(stream))
    }

    /// Writes an event for each change, until the job has ended, the token has, or the server is about to.
    private func follow(
        _ first: JobView, _ queue: QueueName, _ call: Call, from seen: String?, _ writer: inout any ResponseBodyWriter
    ) async throws {
        var view = first
        var last = seen
        var spoke = ContinuousClock.now
        while true {
            let version = view.progress
            if version != last {
                try await writer.write(
                    Self.event("state", id: version, JobDocument(view: view, queue: queue).encoded()))
                (last, spoke) = (version, .now)
            }
            if view.state?.isFinal ?? true {
                return try await writer.write(Self.event("end", id: version, Array("{}".utf8)))
            }
            if waits.isEnding { return }
            guard await call.isStillAllowed() else { return }
            if ContinuousClock.now - spoke >= Self.heartbeat {
                try await writer.write(ByteBuffer(string: ": still here\n\n"))
                spoke = .now
            }
            try await Task.sleep(for: Self.look)
            // A Redis that is away for a while ends no stream.
            do throws(Problem) { view = try await self.view(of: view.id, in: queue) } catch {
                if error.kind == .jobNotFound { return }
            }
        }
    }

    /// JSON has no line breaks, so one `data:` line is enough.
    private static func event(_ name: String, id: String, _ data: [UInt8]) -> ByteBuffer {
        var buffer = ByteBuffer(string: "event: \(name)\nid: \(id)\ndata: ")
        buffer.writeBytes(data)
        buffer.writeString("\n\n")
        return buffer
    }
}

extension HTTPField.Name {
    static let lastEventID = HTTPField.Name("Last-Event-ID")!
}
