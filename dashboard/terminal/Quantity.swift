import FoundationEssentials

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

    /// `2026-11-21 04:12:09Z`.
    package static func utc(ms: Int) -> String {
        let date = Date(timeIntervalSince1970: Double(ms) / 1000)
        let text = date.formatted(.iso8601)
        return text.replacing("T", with: " ")
    }

    private static func grouped(_ number: Int) -> String {
        number < 1000 ? "\(number)" : "\(number / 1000),\(String(1000 + number % 1000).dropFirst())"
    }

    private static func tenths(_ number: Int, of unit: Int) -> String {
        let tenths = number * 10 / unit
        return tenths >= 1000 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}

/// How many jobs one block of a bar stands for: the deepest queue fills it.
struct BarScale {
    private let full: Int

    init(deepest: Int) {
        let steps = [20, 50, 100, 200, 400, 600, 800, 1000]
        full = steps.first { $0 >= deepest } ?? deepest
    }

    func perBlock(_ width: Int) -> Int { max(1, full / max(1, width)) }

    /// Any number above zero shows at least a sliver. A sum of queues may be beyond the scale and has no bar.
    func bar(_ value: Int, width: Int, style: PageStyle) -> String {
        guard value > 0, value <= full else { return "" }
        guard style.hasUnicode else { return String(repeating: "#", count: max(1, value * width / full)) }
        let eighths = max(1, value * width * 8 / full)
        let slivers = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
        return String(repeating: "█", count: eighths / 8) + slivers[eighths % 8]
    }
}
