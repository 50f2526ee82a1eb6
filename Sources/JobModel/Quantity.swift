/// Numbers as people read them.
package enum Quantity {
    /// `1,204`, `81.2k`, `3.1M`.
    package static func count(_ number: Int) -> String {
        switch number {
        case ..<10_000: grouped(number)
        case ..<1_000_000: tenths(number, of: 1000) + "k"
        case ..<1_000_000_000: tenths(number, of: 1_000_000) + "M"
        default: tenths(number, of: 1_000_000_000) + "G"
        }
    }

    /// `1 job`, `2 jobs`.
    package static func of(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    /// `14.2M`, in units of 1,024.
    package static func bytes(_ number: Int) -> String {
        switch number {
        case ..<1024: "\(number)B"
        case ..<(1 << 20): tenths(number, of: 1 << 10) + "K"
        case ..<(1 << 30): tenths(number, of: 1 << 20) + "M"
        default: tenths(number, of: 1 << 30) + "G"
        }
    }

    /// `120ms`, `38s`, `12m`, `3h 4m`, `3d 4h`.
    package static func time(ms: Int) -> String {
        let seconds = max(0, ms) / 1000
        switch seconds {
        case 0: return "\(max(0, ms))ms"
        case ..<60: return "\(seconds)s"
        case ..<3600: return "\(seconds / 60)m"
        case ..<86_400: return "\(seconds / 3600)h \(seconds % 3600 / 60)m"
        default: return "\(seconds / 86_400)d \(seconds % 86_400 / 3600)h"
        }
    }

    /// How many in a second: `0.3`, `96.0`, `1,204`, `81.2k`; what is not nothing is not shown as nothing.
    package static func rate(_ number: Double) -> String {
        let tenths = Int((min(max(0, number), 1e12) * 10).rounded())
        if tenths == 0 { return number > 0 ? "<0.1" : "0.0" }
        return tenths < 10_000 ? "\(tenths / 10).\(tenths % 10)" : count(tenths / 10)
    }

    private static func grouped(_ number: Int) -> String {
        number < 1000 ? "\(number)" : "\(number / 1000),\(String(1000 + number % 1000).dropFirst())"
    }

    private static func tenths(_ number: Int, of unit: Int) -> String {
        let tenths = number * 10 / unit
        return tenths >= 1000 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}
