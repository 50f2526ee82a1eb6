import FoundationEssentials
import JobModel

extension Quantity {
    /// `2026-11-21 04:12:09Z`.
    package static func utc(ms: Int) -> String {
        let date = Date(timeIntervalSince1970: Double(ms) / 1000)
        let text = date.formatted(.iso8601)
        return text.replacing("T", with: " ")
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
