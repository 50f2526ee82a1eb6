import CoreMetrics
import JobModel

/// Which metrics and series there are. Asked when a counter is made, not when it counts.
struct Registry {
    struct Key: Hashable, Sendable {
        var kind: MetricFamily.Kind
        /// The name without what its kind adds.
        var stem: String
    }

    private final class Family {
        let name: String
        let help: String
        /// Those of the first series. That of everything beyond the limit has them too, each with the value `other`.
        let labels: [String]
        var cells: [Labels: any Cell] = [:]

        init(name: String, help: String, labels: [String]) {
            self.name = name
            self.help = help
            self.labels = labels
        }
    }

    /// More series of one metric would cost whoever collects them more than they tell.
    static let seriesLimit = 1000
    static let familyLimit = 1000

    private var families: [Key: Family] = [:]
    /// All names of samples, with what histograms add.
    private var taken: Set<String> = []

    /// The cell of a series, made if there is none; nil when there are too many metrics.
    mutating func cell<C: Cell>(
        _ kind: MetricFamily.Kind, _ label: String, _ dimensions: [(String, String)], unit: String = "",
        make: (Place, _ name: String) -> C
    ) -> C? {
        let key = Key(kind: kind, stem: Self.stem(label, kind, unit))
        guard let family = families[key] ?? found(key, label, unit, dimensions) else { return nil }
        var labels = Labels(dimensions)
        if family.cells[labels] == nil, family.cells.count >= Self.seriesLimit {
            labels = Labels(family.labels.map { ($0, Metric.rest) })
        }
        if let cell = family.cells[labels] { return cell as? C }
        let cell = make(Place(family: key, labels: labels), family.name)
        family.cells[labels] = cell
        return cell
    }

    mutating func remove(_ cell: any Cell) {
        let place = cell.place
        guard families[place.family]?.cells[place.labels] === cell else { return }
        families[place.family]?.cells[place.labels] = nil
    }

    /// The numbers are read by the caller, without a lock.
    var all: [(MetricFamily, [any Cell])] {
        families.map { key, family in
            (MetricFamily(family.name, help: family.help, key.kind), Array(family.cells.values))
        }
    }

    // MARK: Names

    private static func stem(_ label: String, _ kind: MetricFamily.Kind, _ unit: String) -> String {
        var stem = MetricText.name(label)
        for suffix in [kind == .counter ? "_total" : "", unit] where !suffix.isEmpty && stem.hasSuffix(suffix) {
            stem.removeLast(suffix.count)
        }
        return stem + unit
    }

    private mutating func found(
        _ key: Key, _ label: String, _ unit: String, _ dimensions: [(String, String)]
    ) -> Family? {
        guard families.count < Self.familyLimit, let name = free(key, unit) else { return nil }
        taken.formUnion(Self.samples(of: name, key.kind))
        let help = Metric(rawValue: name)?.help ?? label
        let family = Family(name: name, help: help, labels: dimensions.map(\.0))
        families[key] = family
        return family
    }

    /// A name that no other metric has, nor any sample of one: two kinds of the same name must not meet in a scrape.
    private func free(_ key: Key, _ unit: String) -> String? {
        let end = key.kind == .counter ? "_total" : ""
        let bare = String(key.stem.dropLast(unit.count))
        let stems = [key.stem, "\(bare)_\(key.kind.rawValue)\(unit)"] + (2...9).map { "\(bare)_\($0)\(unit)" }
        return stems.lazy.map { $0 + end }.first { taken.isDisjoint(with: Self.samples(of: $0, key.kind)) }
    }

    private static func samples(of name: String, _ kind: MetricFamily.Kind) -> Set<String> {
        kind == .histogram ? [name, name + "_bucket", name + "_sum", name + "_count"] : [name]
    }
}
