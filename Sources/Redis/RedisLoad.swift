/// How busy a client is at one moment.
package struct RedisLoad: Sendable, Equatable {
    /// Commands that were sent and have no reply yet.
    package let inFlight: Int
    /// Commands that will be sent as soon as there is a connection.
    package let unsent: Int
    /// Commands that wait until there is room within `maxInFlight` and `maxInFlightBytes`.
    package let waiting: Int

    package init(inFlight: Int, unsent: Int, waiting: Int) {
        self.inFlight = inFlight
        self.unsent = unsent
        self.waiting = waiting
    }
}
