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
    private let isLogarithmic: Bool

    /// `isLogarithmic`: each further piece of the bar stands for as many times more jobs. For when one queue dwarfs the rest.
    init(deepest: Int, isLogarithmic: Bool = false) {
        let steps = [20, 50, 100, 200, 400, 600, 800, 1000]
        full = steps.first { $0 >= deepest } ?? deepest
        self.isLogarithmic = isLogarithmic
    }

    func perBlock(_ width: Int) -> Int { max(1, full / max(1, width)) }

    /// The heading of bars of this width, as much of it as there is room for.
    func heading(_ room: Int, bar width: Int, style: PageStyle) -> String {
        let block = style.hasUnicode ? "█" : "#"
        let scale = isLogarithmic ? "log" : "\(block)=\(Quantity.count(perBlock(width)))"
        let text = "BACKLOG \(scale)"
        return Width.printed(text) <= room ? text : "BACKLOG"
    }

    /// Any number above zero shows at least a sliver. A sum of queues may be beyond the scale and has no bar.
    func bar(_ value: Int, width: Int, style: PageStyle) -> String {
        guard value > 0, value <= full else { return "" }
        let pieces = style.hasUnicode ? 8 : 1
        let filled = max(1, isLogarithmic ? Int(share(value) * Double(width * pieces)) : value * width * pieces / full)
        guard style.hasUnicode else { return String(repeating: "#", count: filled) }
        let slivers = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
        return String(repeating: "█", count: filled / 8) + slivers[filled % 8]
    }

    private func share(_ value: Int) -> Double { logarithm(value + 1) / logarithm(full + 1) }

    /// To the base of two; between two powers a straight line is near enough for a bar.
    private func logarithm(_ number: Int) -> Double {
        let power = Int.bitWidth - 1 - number.leadingZeroBitCount
        return Double(power) + Double(number - 1 << power) / Double(1 << power)
    }
}
