package import JobModel

/// All series of one metric, at one moment: what a scrape is made of.
package struct MetricFamily: Equatable, Codable, Sendable {
    package enum Kind: String, Codable, Sendable {
        case counter, gauge, histogram
    }

    package enum Value: Equatable, Codable, Sendable {
        case number(Double)
        /// `counts` has one entry more than `bounds`: what is above the last one.
        case histogram(bounds: [Double], counts: [Int], sum: Double)
    }

    package struct Series: Equatable, Codable, Sendable {
        package var labels: Labels
        package var value: Value

        package init(_ labels: Labels = Labels(), _ value: Value) {
            self.labels = labels
            self.value = value
        }
    }

    package var name: String
    package var help: String
    package var kind: Kind
    package var series: [Series]

    package init(_ name: String, help: String, _ kind: Kind, _ series: [Series] = []) {
        self.name = name
        self.help = help
        self.kind = kind
        self.series = series
    }

    package mutating func add(_ value: Double, _ labels: KeyValuePairs<String, String> = [:]) {
        series.append(Series(Labels(labels.map { ($0, $1) }), .number(value)))
    }
}

extension MetricFamily {
    /// What several processes count, as if one had: counters, histograms and gauges are added up. Of a gauge that is called
    /// `…_info` there is one whatever the number of processes.
    package static func sum(_ processes: [[MetricFamily]]) -> [MetricFamily] {
        var sums: [String: MetricFamily] = [:]
        for family in processes.joined() {
            guard let known = sums[family.name] else {
                sums[family.name] = family
                continue
            }
            if known.kind == family.kind { sums[family.name]?.add(family) }
        }
        return sums.values.sorted { $0.name < $1.name }
    }

    private mutating func add(_ other: MetricFamily) {
        var places = Dictionary(series.enumerated().map { ($1.labels, $0) }, uniquingKeysWith: { first, _ in first })
        for new in other.series {
            guard let place = places[new.labels] else {
                places[new.labels] = series.count
                series.append(new)
                continue
            }
            if name.hasSuffix("_info") { continue }
            series[place].value.add(new.value)
        }
    }

    /// The same without what ends with its process.
    package static func totals(_ families: [MetricFamily]) -> [MetricFamily] { families.filter { $0.kind != .gauge } }
}

extension MetricFamily.Value {
    fileprivate mutating func add(_ other: Self) {
        switch (self, other) {
        case (.number(let a), .number(let b)): self = .number(a + b)
        case (.histogram(let bounds, let counts, let sum), .histogram(let others, let more, let moreSum))
        where bounds == others && counts.count == more.count:
            self = .histogram(bounds: bounds, counts: zip(counts, more).map { $0 &+ $1 }, sum: sum + moreSum)
        // Another version's buckets.
        default: break
        }
    }
}

extension Metric {
    /// Without series yet.
    package func family(_ kind: MetricFamily.Kind) -> MetricFamily { MetricFamily(rawValue, help: help, kind) }

    /// A gauge without labels.
    package func family(_ value: Double) -> MetricFamily {
        var family = family(.gauge)
        family.add(value)
        return family
    }
}
