/// Job ids made by the client: 26 characters of Crockford's base 32, a 48-bit time in ms and 80 random bits
/// (https://github.com/ulid/spec). They sort by the time they were made; those of one millisecond by their order, because
/// each adds one to the random bits of the last.
package struct ULIDFactory: Sendable {
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    private var ms = -1
    private var high: UInt64 = 0
    private var low: UInt64 = 0

    package init() {}

    /// A new id. Asking the system for random numbers costs more than the rest, so it is asked once in a millisecond.
    package mutating func make(ms: Int, using generator: inout some RandomNumberGenerator) -> String {
        if ms != self.ms {
            self.ms = ms
            high = generator.next()
            low = generator.next()
        } else {
            // 40 bits of each half are used.
            low &+= 1
            if low & 0xFF_FFFF_FFFF == 0 { high &+= 1 }
        }
        let time = UInt64(truncatingIfNeeded: ms) & 0xFFFF_FFFF_FFFF
        return String(unsafeUninitializedCapacity: 26) { out in
            Self.write(time, digits: 10, at: 0, out)
            Self.write(high, digits: 8, at: 10, out)
            Self.write(low, digits: 8, at: 18, out)
            return 26
        }
    }

    private static func write(_ bits: UInt64, digits: Int, at start: Int, _ out: UnsafeMutableBufferPointer<UInt8>) {
        for index in 0..<digits {
            let shift = UInt64((digits - 1 - index) * 5)
            out[start + index] = alphabet[Int(truncatingIfNeeded: bits >> shift) & 31]
        }
    }
}
