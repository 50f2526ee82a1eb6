import CSpawn
import Dispatch
import Foundation
import Synchronization

/// Signals of this process, as they come. Those that it is made for do nothing else, until the process ends. From when it
/// is made none is lost, which sources of Dispatch cannot say of themselves: what comes before they are set up is ignored.
package final class SignalStream: Sendable {
    package let numbers: AsyncStream<Int32>
    private let place: Int

    private struct Listener {
        var wanted: Set<Int32>
        var news: AsyncStream<Int32>.Continuation
        var hear: @Sendable (Int32) -> Void
    }

    private struct Hub {
        var source: (any DispatchSourceRead)?
        var listeners: [Int: Listener] = [:]
        var lastPlace = 0
    }

    private static let hub = Mutex(Hub())

    /// `hear` is called for each signal on a thread that handlers of jobs cannot hold up.
    package init(_ wanted: [Int32], hear: @escaping @Sendable (Int32) -> Void = { _ in }) {
        let (numbers, news) = AsyncStream.makeStream(of: Int32.self)
        self.numbers = numbers
        place = Self.hub.withLock { hub in
            if hub.source == nil { hub.source = Self.source() }
            hub.lastPlace += 1
            hub.listeners[hub.lastPlace] = Listener(wanted: Set(wanted), news: news, hear: hear)
            return hub.lastPlace
        }
        for number in wanted { _ = queue_signals_take(number) }
    }

    deinit {
        let place = place
        Self.hub.withLock { $0.listeners[place] }?.news.finish()
        Self.hub.withLock { $0.listeners[place] = nil }
    }

    /// Reads what the signals' handler wrote, for as long as the process lives; nil when there is no descriptor left.
    private static func source() -> (any DispatchSourceRead)? {
        let descriptor = queue_signals_open()
        guard descriptor >= 0 else { return nil }
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: DispatchQueue(label: "signals"))
        source.setEventHandler {
            var number: UInt8 = 0
            while read(descriptor, &number, 1) == 1 { tell(Int32(number)) }
        }
        source.resume()
        return source
    }

    private static func tell(_ number: Int32) {
        let listeners = hub.withLock { $0.listeners.values.filter { $0.wanted.contains(number) } }
        for listener in listeners {
            listener.hear(number)
            listener.news.yield(number)
        }
    }
}
