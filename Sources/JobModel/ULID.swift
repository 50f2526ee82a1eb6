/// Job ids made by the client: 26 characters of Crockford's base 32, a 48-bit time in ms and 80 random bits
/// (https://github.com/ulid/spec). They sort by the time they were made.
package enum ULID {
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    package static func make(ms: Int, using generator: inout some RandomNumberGenerator) -> String {
        let time = UInt64(truncatingIfNeeded: ms) & 0xFFFF_FFFF_FFFF
        let high = generator.next()
        let low = generator.next()
        return String(unsafeUninitializedCapacity: 26) { out in
            for index in 0..<10 { out[index] = alphabet[Int(truncatingIfNeeded: time >> UInt64((9 - index) * 5)) & 31] }
            for index in 0..<8 { out[10 + index] = alphabet[Int(truncatingIfNeeded: high >> UInt64(index * 5)) & 31] }
            for index in 0..<8 { out[18 + index] = alphabet[Int(truncatingIfNeeded: low >> UInt64(index * 5)) & 31] }
            return 26
        }
    }
}
