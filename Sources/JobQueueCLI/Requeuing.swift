import Foundation
import JobModel
import JobStore
import TerminalDashboard

/// Gives dead or cancelled jobs another life: reads what the script cannot know, and reads again what changed meanwhile.
struct Requeuing {
    let store: QueueStore
    /// What is changed of their payloads.
    var repair = Repair()
    /// In bytes.
    var payloadLimit = Int.max

    /// A word for each id: requeued, or why not.
    typealias Answers = [(id: String, answer: String)]
    static let requeued = "requeued"
    private static let full = "the queue is full"
    private static let changed = "changed all the time, try again"

    func requeue(_ ids: [String]) async throws -> Answers {
        var answers: Answers = []
        for first in stride(from: 0, to: ids.count, by: 200) {
            let slice = Array(ids[first..<min(first + 200, ids.count)])
            let views = try await store.inspect(slice, full: true).jobs
            for (id, answer) in zip(slice, try await requeueSlice(views)) { answers.append((id, answer)) }
        }
        return answers
    }

    /// Jobs that were just read. Answers those that were left. A full queue is a failure: it takes none of the others either.
    func requeue(seen views: [JobView]) async throws -> [BulkReport.Left] {
        let answers = try await requeueSlice(views)
        let left = zip(views, answers).filter { $0.1 != Self.requeued }
        if left.contains(where: { $0.1 == Self.full }) {
            let count = Quantity.of(views.count - left.count, "job")
            throw Failure(.failed, "\(Self.full): \(count) requeued, try the others later")
        }
        return left.map { BulkReport.Left(id: $0.0.id, reason: $0.1) }
    }

    private func requeueSlice(_ seen: [JobView]) async throws -> [String] {
        var answers = [String](repeating: Self.changed, count: seen.count)
        var views = seen
        var open = Array(seen.indices)
        for _ in 0..<5 where !open.isEmpty {
            var wishes: [(place: Int, wish: QueueStore.Requeue)] = []
            for (place, view) in zip(open, views) {
                var wish = QueueStore.Requeue(again: view)
                do throws(Repair.Refusal) {
                    if view.state == .dead || view.state == .cancelled, !repair.isNothing {
                        wish.envelope = (view.envelope, try repair.envelope(of: view, limit: payloadLimit))
                    }
                    wishes.append((place, wish))
                } catch { answers[place] = error.description }
            }
            let words = wishes.isEmpty ? [] : try await store.requeue(wishes.map(\.wish))
            for ((place, _), word) in zip(wishes, words) {
                switch word {
                case .ok: answers[place] = Self.requeued
                case .gone:
                    let isThere = views[open.firstIndex(of: place) ?? 0].state != nil
                    answers[place] = isThere ? "neither dead nor cancelled" : BulkReport.Left.missing
                case .full: answers[place] = Self.full
                case .changed: break
                }
            }
            open = zip(wishes, words).filter { $0.1 == .changed }.map(\.0.place)
            if !open.isEmpty { views = try await store.inspectAll(open.map { seen[$0].id }) }
        }
        return answers
    }
}

/// What is changed of the payload of a job with its next life.
struct Repair {
    /// Why a payload stays as it is.
    struct Refusal: Error, CustomStringConvertible {
        var description: String
    }

    private var payload: [UInt8]?
    private var fields: [(key: String, json: [UInt8])] = []

    init() {}

    /// A whole payload, or fields of it as `enqueue` takes them.
    init(payload: String?, fields: [String]) throws {
        if payload != nil, !fields.isEmpty { throw Failure(.usage, "give --payload or --set, not both") }
        self.payload = try payload.map(EditOptions.json)
        self.fields = try fields.map(PayloadOptions.member)
    }

    var isNothing: Bool { payload == nil && fields.isEmpty }

    /// The envelope with the payload changed, and all else as it is; `limit` in bytes of payload.
    func envelope(of view: JobView, limit: Int) throws(Refusal) -> [UInt8] {
        guard var envelope = try? Envelope(parsing: view.envelope) else {
            throw Refusal(description: "what is stored of it cannot be changed")
        }
        if let payload {
            envelope.payload = payload[...]
        } else {
            envelope.payload = try patched(envelope.payload)[...]
        }
        guard envelope.payload.count <= limit else {
            throw Refusal(description: "the payload has \(envelope.payload.count) bytes, the limit is \(limit)")
        }
        return envelope.encoded()
    }

    /// Fields that there are get their new values in their places, new ones come last. All others keep their bytes.
    private func patched(_ payload: ArraySlice<UInt8>) throws(Refusal) -> [UInt8] {
        let old = Array(payload)
        var members: [(key: String, raw: [UInt8])] = []
        let isObject = old.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            return
                (try? scanner.object { key, range in
                    let name = JSONReader.key(key)
                    let raw = [UInt8(ascii: "\"")] + Array(key) + Array("\":".utf8)
                    let new = fields.last { $0.key == name }?.json ?? Array(buffer[range])
                    members.append((name, raw + new))
                }) != nil
        }
        guard isObject else { throw Refusal(description: "its payload is no JSON object") }
        for field in fields where !members.contains(where: { $0.key == field.key }) {
            let name = (try? PayloadOptions.quoted(field.key)) ?? "\"\""
            let last = fields.last { $0.key == field.key }?.json ?? field.json
            members.append((field.key, Array("\(name):".utf8) + last))
        }
        return Array("{".utf8) + members.map(\.raw).joined(separator: Array(",".utf8)) + Array("}".utf8)
    }
}
