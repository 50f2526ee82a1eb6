import ArgumentParser
import Foundation
import JobModel

/// The ways to write a payload on a command line.
struct PayloadOptions: ParsableArguments {
    @Argument(help: "Fields of the payload: key=text, or key:=json for numbers, lists, objects.")
    var fields: [String] = []

    @Option(parsing: .unconditional, help: "The whole payload, as JSON.")
    var payload: String?

    @Option(help: "File that holds the payload; - is standard input.")
    var payloadFile: String?

    /// JSON, as far as that was checked: the client checks it whole.
    func text() throws -> String {
        let given = [payload != nil, payloadFile != nil, !fields.isEmpty].count { $0 }
        if given > 1 {
            throw Failure(.usage, "give the payload once: as fields, with --payload, or with --payload-file")
        }
        if let payload { return payload }
        if let payloadFile { return try Self.read(payloadFile) }
        return fields.isEmpty ? "null" : try object()
    }

    /// Reads to the end, so that it may be a pipe as in `--payload-file <(program)`.
    static func read(_ path: String) throws -> String {
        let file = path == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: path)
        guard let file, let data = try? file.readToEnd() ?? Data() else {
            throw Failure(.badInput, "cannot read \(Printable.oneLine(path)): check the path and its rights")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw Failure(.badInput, "the payload is not UTF-8")
        }
        return text
    }

    /// `a=x b:=1` becomes `{"a":"x","b":1}`.
    private func object() throws -> String {
        let members = try fields.map { field in
            let (key, json) = try Self.member(field)
            return "\(try Self.quoted(key)):\(String(decoding: json, as: UTF8.self))"
        }
        return "{\(members.joined(separator: ","))}"
    }

    /// `a=x` is the text `x`, `a:=1` is JSON.
    static func member(_ field: String) throws -> (key: String, json: [UInt8]) {
        let (key, value) = try split(field, orElse: "write key=text or key:=json")
        guard key.hasSuffix(":") else { return (key, Array(try quoted(value).utf8)) }
        let name = String(key.dropLast())
        guard !name.isEmpty else { throw badField(field, "write key:=json") }
        let json = Array(value.utf8)
        do throws(JSONScanner.Failure) { try JSONScanner.validate(json) } catch {
            let excerpt = Printable.oneLine("\(name):=\(value)", limit: 80)
            throw Failure(.badInput, "the field \(excerpt) is not JSON (\(error)); for text write key=text")
        }
        return (name, json)
    }

    /// The parts before and behind the first `=`.
    static func split(_ field: String, orElse cure: String) throws -> (key: String, value: String) {
        guard let equals = field.firstIndex(of: "="), equals != field.startIndex else { throw badField(field, cure) }
        return (String(field[..<equals]), String(field[field.index(after: equals)...]))
    }

    private static func badField(_ field: String, _ cure: String) -> Failure {
        Failure(.usage, "bad field \"\(Printable.oneLine(field, limit: 80))\": \(cure)")
    }

    /// A text as JSON.
    static func quoted(_ text: String) throws -> String {
        String(decoding: try JSONEncoder().encode(text), as: UTF8.self)
    }
}
