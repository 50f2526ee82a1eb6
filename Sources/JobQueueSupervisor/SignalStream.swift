import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Signals of this process, as they come. Those that it is made for do nothing else, until the process ends.
final class SignalStream: Sendable {
    let numbers: AsyncStream<Int32>
    private let sources: Mutex<[any DispatchSourceSignal]>

    init(_ wanted: [Int32]) {
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
