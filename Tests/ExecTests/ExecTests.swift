import Testing

/// Real child processes. One after the other: they count the processes and descriptors of the whole test process.
@Suite(.serialized)
enum ExecTests {}
