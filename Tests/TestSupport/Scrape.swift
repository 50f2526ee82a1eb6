/// What a scrape says, by a reader that takes nothing but the text format 0.0.4, written without a look at the writer: a
/// line that is not exactly as the format has it is a failure.
package struct Scrape {
    package struct Sample: Hashable {
        package var name: String
        package var labels: [String: String]
    }

    package struct Malformed: Error, CustomStringConvertible {
        package var description: String
    }

    package private(set) var kinds: [String: String] = [:]
    package private(set) var helps: [String: String] = [:]
    package private(set) var values: [Sample: Double] = [:]

    package init(_ text: String) throws {
        guard text.isEmpty || text.hasSuffix("\n") else { throw Malformed(description: "no line break at the end") }
        var family = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            if let match = line.wholeMatch(of: /# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)/) {
                guard helps.updateValue(try Self.unescaped(match.2, quoted: false), forKey: String(match.1)) == nil
                else { throw Malformed(description: "two helps: \(line)") }
            } else if let match = line.wholeMatch(
                of: /# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)/)
            {
                family = String(match.1)
                guard kinds.updateValue(String(match.2), forKey: family) == nil else {
                    throw Malformed(description: "two types: \(line)")
                }
            } else {
                try take(line, of: family)
            }
        }
        try checkHistograms()
    }

    private mutating func take(_ line: Substring, of family: String) throws {
        // Values of labels may hold anything but a bare quote, a bare backslash, and a line break.
        let form =
            /([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\["\\n])*",?)*)\})? (NaN|[+-]Inf|-?[0-9.]+(?:e[+-]?[0-9]+)?)/
        guard let match = line.wholeMatch(of: form), let value = Self.number(match.3) else {
            throw Malformed(description: "not a sample: \(line)")
        }
        let name = String(match.1)
        let suffixes = kinds[family] == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
        guard suffixes.contains(where: { family + $0 == name }) else {
            throw Malformed(description: "a sample outside its family \(family): \(line)")
        }
        var labels: [String: String] = [:]
        for pair in (match.2 ?? "").matches(of: /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"/) {
            guard labels.updateValue(try Self.unescaped(pair.2, quoted: true), forKey: String(pair.1)) == nil else {
                throw Malformed(description: "a label twice: \(line)")
            }
        }
        guard values.updateValue(value, forKey: Sample(name: name, labels: labels)) == nil else {
            throw Malformed(description: "a series twice: \(line)")
        }
    }

    /// Buckets grow, the last one is the count.
    private func checkHistograms() throws {
        for (family, kind) in kinds where kind == "histogram" {
            var series: [[String: String]: [(Double, Double)]] = [:]
            for (sample, value) in values where sample.name == family + "_bucket" {
                var labels = sample.labels
                guard let bound = labels.removeValue(forKey: "le").flatMap({ Self.number($0[...]) }) else {
                    throw Malformed(description: "a bucket without a bound: \(sample)")
                }
                series[labels, default: []].append((bound, value))
            }
            for (labels, buckets) in series {
                let buckets = buckets.sorted { $0.0 < $1.0 }
                let counts = buckets.map(\.1)
                guard counts == counts.sorted(), buckets.last?.0 == .infinity,
                    counts.last == values[Sample(name: family + "_count", labels: labels)],
                    values[Sample(name: family + "_sum", labels: labels)] != nil
                else { throw Malformed(description: "a histogram that does not add up: \(family) \(labels)") }
            }
        }
    }

    private static func number(_ text: Substring) -> Double? {
        switch text {
        case "+Inf": .infinity
        case "-Inf": -.infinity
        case "NaN": .nan
        default: Double(text)
        }
    }

    private static func unescaped(_ text: Substring, quoted: Bool) throws -> String {
        var out = ""
        var rest = text[...]
        while let character = rest.popFirst() {
            guard character == "\\" else {
                out.append(character)
                continue
            }
            switch rest.popFirst() {
            case "n": out.append("\n")
            case "\\": out.append("\\")
            case "\"" where quoted: out.append("\"")
            default: throw Malformed(description: "a bad escape in \(text)")
            }
        }
        return out
    }

    package subscript(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        values[Sample(name: name, labels: labels)]
    }

    /// The sum over all series that have these labels, whatever others they have.
    package func sum(_ name: String, _ labels: [String: String] = [:]) -> Double {
        values.filter { sample, _ in
            sample.name == name && labels.allSatisfy { sample.labels[$0.key] == $0.value }
        }.reduce(0) { $0 + $1.value }
    }
}
