import Foundation
import JobModel

/// A folder with one file for each secret, as containers and systemd hand them over: `redis_url` holds `redis.url`.
struct SecretFolder: Sendable {
    static let variable = "QUEUE_SECRETS"

    let path: String
    /// Why nothing can be read from a folder that was named.
    private(set) var problem: String?

    /// `QUEUE_SECRETS`, else what systemd's `LoadCredential` made, else `/run/secrets`, which need not exist.
    init(environment: [String: String]) {
        let named = [Self.variable, "CREDENTIALS_DIRECTORY"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        path = named ?? "/run/secrets"
        var isFolder: ObjCBool = false
        if named != nil, !FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) || !isFolder.boolValue {
            problem = "the folder of secrets \(Printable.oneLine(path, limit: 200)) is missing"
        }
    }

    /// The secret without the line break at its end; nil when there is no file for it. Throws when there is one that cannot
    /// be read: going on with the next source could mean the wrong server.
    func read(_ key: String) throws(BadValue) -> (text: String, path: String)? {
        let name = SettingName.file(of: key)
        // Keys of handlers' own may be anything.
        guard !name.isEmpty, !name.contains("/"), name.first != "." else { return nil }
        let file = "\(path)/\(name)"
        do throws(BadValue) {
            guard var text = try SettingSources.contents(of: file, limit: 1 << 16) else { return nil }
            while text.last?.isNewline == true { text.removeLast() }
            return (text, file)
        } catch { throw BadValue("the secret file \(file) \(error.description)") }
    }
}
