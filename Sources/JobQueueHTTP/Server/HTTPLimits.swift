/// What one client may take of a server: time, bytes, connections.
package struct HTTPLimits: Sendable {
    /// Until a request's head is complete: from its first byte, for the first of a connection from when that was accepted.
    /// The default is 10 s.
    package var head = Duration.seconds(10)
    /// From the end of the head until the body is complete. A client that takes nothing of an answer for so long loses its
    /// connection. The default is 30 s.
    package var body = Duration.seconds(30)
    /// How long a connection may wait for its next request. The default is 60 s.
    package var idle = Duration.seconds(60)
    /// Bytes of a request's line and headers together. The default is 32 KiB.
    package var headBytes = 32 << 10
    /// The longest body that is asked for when a client waits for `100 Continue`. The default is 1 MiB. What a route reads
    /// is its own limit.
    package var bodyBytes = 1 << 20
    /// Connections at the same time. Further ones wait in the system's queue until one ends. The default is 1,000.
    package var connections = 1000

    package init() {}

    /// Headers of one request. Far more than any client or proxy sends.
    static let headers = 100
    /// How long a connection whose last answer is written is kept, so that what the client is still sending does not
    /// destroy the answer on its way.
    static let farewell = Duration.seconds(1)
}
