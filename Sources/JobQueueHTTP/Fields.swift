import JobModel

/// The fields of one JSON object of a request: each is asked for once, and what nobody asked for is refused, so that a
/// mistyped `delay_ms` does not run a job at once.
///
/// Values are ranges of the body until they are asked for; a payload stays the bytes that it was. Wrong fields are
/// collected: a caller learns of all of them at a time.
struct Fields {
    /// Deepest nesting of a body.
    static let depthLimit = 32
    /// Most wrong fields that one answer names.
    private static let problemLimit = 100

    private let bytes: [UInt8]
    private var ranges = NamedRanges()
    /// Where this object is in the body, as a JSON pointer.
    private let pointer: String
    private(set) var problems: [Problem.Field] = []

    /// A whole body. Throws `invalidRequest` unless it is one object in UTF-8, without a name twice.
    init(_ bytes: [UInt8]) throws(Problem) {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw Problem(.invalidRequest, "the body is not UTF-8")
        }
        try self.init(bytes, 0..<bytes.count, pointer: "")
    }

    private init(_ bytes: [UInt8], _ range: Range<Int>, pointer: String) throws(Problem) {
        self.bytes = bytes
        self.pointer = pointer
        let read = Self.ranges(bytes, range)
        do throws(JSONScanner.Failure) { ranges = try read.get() } catch {
            throw Problem(.invalidRequest, "the body is not a JSON object: \(error)")
        }
    }

    /// One of many objects of a body that has been checked as a whole. Nil when it is no object.
    static func element(_ bytes: [UInt8], _ range: Range<Int>, pointer: String) -> Fields? {
        try? Fields(bytes, range, pointer: pointer)
    }

    private static func ranges(
        _ bytes: [UInt8], _ range: Range<Int>
    ) -> Result<NamedRanges, JSONScanner.Failure> {
        bytes.withUnsafeBufferPointer { buffer in
            Result { () throws(JSONScanner.Failure) in
                var ranges = NamedRanges()
                // The object itself is the first level.
                var scanner = JSONScanner(UnsafeBufferPointer(rebasing: buffer[range]), depthLimit: depthLimit - 1)
                try scanner.object { key, value throws(JSONScanner.Failure) in
                    let value = value.lowerBound + range.lowerBound..<value.upperBound + range.lowerBound
                    guard ranges.insert(JSONReader.key(key), value) else {
                        throw JSONScanner.Failure(offset: value.lowerBound, problem: "a name stands there twice")
                    }
                }
                try scanner.end()
                return ranges
            }
        }
    }

    // MARK: Asking

    /// A value as it stands in the body; nil when it is missing.
    mutating func json(_ name: String) -> ArraySlice<UInt8>? { ranges.remove(name).map { bytes[$0] } }

    mutating func string(_ name: String) -> String? { take(name, "must be a string") { JSONReader.string($0) } }

    mutating func bool(_ name: String) -> Bool? {
        take(name, "must be true or false") { value in
            value.elementsEqual("true".utf8) ? true : value.elementsEqual("false".utf8) ? false : nil
        }
    }

    mutating func int(_ name: String, _ range: ClosedRange<Int>) -> Int? {
        take(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)", code: "out-of-range") {
            Fields.whole($0).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// A string, whole number or truth, as text.
    mutating func text(_ name: String) -> String? {
        take(name, "must be a string, a whole number, true or false") { value in
            switch value.first {
            case UInt8(ascii: "\""): JSONReader.string(value)
            case UInt8(ascii: "t"), UInt8(ascii: "f"): String(decoding: value, as: UTF8.self)
            default: Fields.whole(value).map { String($0) }
            }
        }
    }

    /// A whole number, also where it is written as `5.0` or `5e3`: to JSON that is the same number.
    private static func whole(_ value: UnsafeBufferPointer<UInt8>) -> Int? {
        if let number = JSONReader.int(value) { return number }
        guard value.first != UInt8(ascii: "\""), let number = Double(String(decoding: value, as: UTF8.self)) else {
            return nil
        }
        return abs(number) < 0x1p53 ? Int(exactly: number) : nil
    }

    mutating func strings(_ name: String) -> [String]? {
        take(name, "must be a list of strings") { JSONReader.strings($0) }
    }

    mutating func ints(_ name: String) -> [Int]? {
        take(name, "must be a list of whole numbers") { value in
            var numbers: [Int?] = []
            var scanner = JSONScanner(value)
            let isList =
                (try? scanner.array { numbers.append(Fields.whole(UnsafeBufferPointer(rebasing: value[$0]))) }) != nil
            return isList && !numbers.contains(nil) ? numbers.compactMap { $0 } : nil
        }
    }

    /// An object whose values are strings.
    mutating func map(_ name: String) -> [String: String]? {
        guard var fields = object(name) else { return nil }
        var map: [String: String] = [:]
        for key in fields.ranges.names { map[key] = fields.string(key) }
        merge(fields)
        return map
    }

    /// A moment as RFC 3339 has it, in ms since 1970.
    mutating func moment(_ name: String) -> Int? {
        take(name, "must be a time such as 2026-11-21T04:12:09.114Z") { value in
            JSONReader.string(value).flatMap(Timestamp.milliseconds)
        }
    }

    /// An object within this one. Its problems have to be given back with `merge`.
    mutating func object(_ name: String) -> Fields? {
        guard let range = ranges.remove(name) else { return nil }
        if let fields = Self.element(bytes, range, pointer: place(name)) { return fields }
        refuse(name, "wrong-type", "must be an object, with no name twice")
        return nil
    }

    /// The elements of a list, each with its place in the body.
    mutating func list(_ name: String) -> [(range: Range<Int>, pointer: String)]? {
        guard let range = ranges.remove(name) else { return nil }
        var elements: [Range<Int>] = []
        let isRead = bytes.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(UnsafeBufferPointer(rebasing: buffer[range]))
            return (try? scanner.array { elements.append($0) }) != nil
        }
        guard isRead else {
            refuse(name, "wrong-type", "must be a list")
            return nil
        }
        let place = place(name)
        return elements.enumerated().map { index, element in
            (element.lowerBound + range.lowerBound..<element.upperBound + range.lowerBound, "\(place)/\(index)")
        }
    }

    /// One element of a list as an object; nil, and a problem, when it is none.
    mutating func element(_ range: Range<Int>, pointer: String) -> Fields? {
        if let fields = Self.element(bytes, range, pointer: pointer) { return fields }
        note(Problem.Field(pointer, "wrong-type", "must be an object, with no name twice"))
        return nil
    }

    /// Of all fields that nobody has asked for yet.
    var names: [String] { ranges.names }

    /// Is it there? Does not count as asked for.
    func has(_ name: String) -> Bool { ranges.contains(name) }

    // MARK: Refusing

    mutating func refuse(_ name: String, _ code: String, _ detail: String) {
        note(Problem.Field(place(name), code, detail))
    }

    /// One element of a list.
    mutating func refuse(_ name: String, at index: Int, _ code: String, _ detail: String) {
        note(Problem.Field("\(place(name))/\(index)", code, detail))
    }

    mutating func missing(_ name: String, _ detail: String) { refuse(name, "missing", detail) }

    mutating func merge(_ fields: Fields) {
        var fields = fields
        fields.refuseStrangers()
        for problem in fields.problems { note(problem) }
    }

    /// Fields that nobody asked for.
    mutating func refuseStrangers() {
        guard !ranges.isEmpty else { return }
        for name in ranges.names { refuse(name, "unknown", "there is no such field") }
        ranges = NamedRanges()
    }

    /// To be called when everything has been asked for. Throws the problem if any field was wrong.
    mutating func end(_ kind: Problem.Kind) throws(Problem) {
        refuseStrangers()
        if problems.isEmpty { return }
        let count = problems.count == 1 ? "1 field is" : "\(problems.count) fields are"
        throw Problem(kind, "\(count) wrong, and nothing was changed: see errors", fields: problems)
    }

    private mutating func note(_ problem: Problem.Field) {
        if problems.count < Self.problemLimit { problems.append(problem) }
    }

    private mutating func take<T>(
        _ name: String, _ rule: @autoclosure () -> String, code: String = "wrong-type",
        _ read: (UnsafeBufferPointer<UInt8>) -> T?
    ) -> T? {
        guard let range = ranges.remove(name) else { return nil }
        let value = bytes.withUnsafeBufferPointer { read(UnsafeBufferPointer(rebasing: $0[range])) }
        if value == nil { refuse(name, code, rule()) }
        return value
    }

    /// The JSON pointer of a field: `~` and `/` in names are escaped as RFC 6901 says.
    private func place(_ name: String) -> String {
        "\(pointer)/\(name.replacing("~", with: "~0").replacing("/", with: "~1"))"
    }
}
