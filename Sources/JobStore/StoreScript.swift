import Crypto
package import Redis

/// The scripts: one for each change of stored jobs, and those that read.
///
/// A script is a file with a header that says what it does and names every key it touches. The header is not only for
/// readers: the keys are taken from it, so what is declared and what is sent cannot differ.
package enum StoreScript: Int, CaseIterable, Sendable {
    case enqueue, intake, join, claim, beat, settle, promote, recover, cancel, requeue, prune, snapshot, inspect, inbox
    case pause, remove, edit, list, groups, grouped, restore, order, watch

    /// The version of stored data that this code speaks. A queue of another format is refused, never guessed at.
    package static let format = 1

    package var compiled: CompiledScript { Self.catalogue[rawValue] }

    /// The text of the one script that belongs to no queue: it asks which calls a user may make.
    static var rights: String { text(PackageResources.rights_lua) }

    private static let catalogue = allCases.map { CompiledScript(name: "\($0)", source: $0.file) }

    /// The file's text as it stands in `Scripts/`.
    package var file: String {
        switch self {
        case .enqueue: text(PackageResources.enqueue_lua)
        case .intake: text(PackageResources.intake_lua)
        case .join: text(PackageResources.join_lua)
        case .claim: text(PackageResources.claim_lua)
        case .beat: text(PackageResources.beat_lua)
        case .settle: text(PackageResources.settle_lua)
        case .promote: text(PackageResources.promote_lua)
        case .recover: text(PackageResources.recover_lua)
        case .cancel: text(PackageResources.cancel_lua)
        case .requeue: text(PackageResources.requeue_lua)
        case .prune: text(PackageResources.prune_lua)
        case .snapshot: text(PackageResources.snapshot_lua)
        case .inspect: text(PackageResources.inspect_lua)
        case .inbox: text(PackageResources.inbox_lua)
        case .pause: text(PackageResources.pause_lua)
        case .remove: text(PackageResources.remove_lua)
        case .edit: text(PackageResources.edit_lua)
        case .list: text(PackageResources.list_lua)
        case .order: text(PackageResources.order_lua)
        case .watch: text(PackageResources.watch_lua)
        case .groups: text(PackageResources.groups_lua)
        case .grouped: text(PackageResources.grouped_lua)
        case .restore: text(PackageResources.restore_lua)
        }
    }
}

/// A script as it is sent: its first line, the names of its keys, the shared parts it uses, its own text.
package struct CompiledScript: Sendable {
    package let script: Script
    /// What to put into `KEYS`, in order.
    package let keys: [Key]

    init(name: String, source: String) {
        let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
        keys = lines.compactMap(Self.declaredKey)
        let locals = keys.map { $0.rawValue.replacing("-", with: "_") }.joined(separator: ", ")
        let values = keys.indices.map { "KEYS[\($0 + 1)]" }.joined(separator: ", ")
        let shared = Self.sharedParts(of: lines, name: name)
        let head = [String(lines[0]), text(PackageResources.common_lua), "local \(locals) = \(values)"]
        let body = lines.dropFirst().joined(separator: "\n")
        let whole = (head + shared + [body]).joined(separator: "\n")
        let hash = Insecure.SHA1.hash(data: Array(whole.utf8)).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        script = Script(name: name, source: whole, sha1: hash.joined())
    }

    /// `-- KEYS[3]  idem-until  ZSET …` declares a key.
    private static func declaredKey(_ line: Substring) -> Key? {
        guard line.hasPrefix("-- KEYS[") else { return nil }
        let words = line.split(separator: " ")
        guard words.count > 3, let key = Key(rawValue: String(words[2])) else {
            preconditionFailure("a script declares a key that does not exist: \(line)")
        }
        return key
    }

    /// `-- uses: clock` asks for a shared part.
    private static func sharedParts(of lines: [Substring], name: String) -> [String] {
        guard let uses = lines.first(where: { $0.hasPrefix("-- uses:") }) else {
            preconditionFailure("the header of \(name).lua lacks its line \"-- uses:\"")
        }
        return uses.dropFirst("-- uses:".count).split(separator: " ").map { part in
            switch part {
            case "admit": text(PackageResources.admit_lua)
            case "causes": text(PackageResources.causes_lua)
            case "clock": text(PackageResources.clock_lua)
            case "find": text(PackageResources.find_lua)
            case "tell": text(PackageResources.tell_lua)
            case "sample": text(PackageResources.sample_lua)
            default: preconditionFailure("\(name).lua uses an unknown part: \(part)")
            }
        }
    }
}

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
