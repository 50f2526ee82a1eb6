import Dispatch
import Foundation
import Synchronization

/// Signals of this process, as they come. Those that it is made for do nothing else, until the process ends.
package final class SignalStream: Sendable {
    package let numbers: AsyncStream<Int32>
    private let sources: Mutex<[any DispatchSourceSignal]>

    package init(_ wanted: [Int32]) {
        let (numbers, news) = AsyncStream.makeStream(of: Int32.self)
        self.numbers = numbers
        let queue = DispatchQueue(label: "signals")
        sources = Mutex(
            wanted.map { number in
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
                source.setEventHandler { news.yield(number) }
                source.resume()
                return source
            })
    }

    deinit { sources.withLock { for source in $0 { source.cancel() } } }
}
