import Testing

/// Real processes that are told to stop, killed and refused. One after the other: times matter to them, and a
/// neighbour under load would take the time away.
@Suite(.serialized)
enum ProcessTests {}
