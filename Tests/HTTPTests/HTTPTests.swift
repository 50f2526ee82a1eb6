import Testing

/// The HTTP API over real sockets, with a Redis of its own.
@Suite struct HTTPTests {}
