package import HTTPTypes

/// Lets every program of this machine do everything, but no page of the web that a browser here has open: browsers let any page
/// send requests to 127.0.0.1, and name it in `Origin`.
package struct LocalGate: Gate {
    package init() {}

    package func admit(_ headers: HTTPFields, to access: Access) async throws(Problem) -> Admittance {
        if let admittance = known(headers, to: access) { return admittance }
        throw Problem(.forbidden, "this server is for programs of this machine, not for pages of others")
    }

    package func known(_ headers: HTTPFields, to access: Access) -> Admittance? {
        if let origin = headers[.origin], !Self.isLocal(origin) { return nil }
        return OpenGate().known(headers, to: access)
    }

    /// `http://localhost:3000`
    static func isLocal(_ origin: String) -> Bool {
        guard let scheme = ["http://", "https://"].first(where: origin.hasPrefix) else { return false }
        let host = origin.dropFirst(scheme.count)
        return ["localhost", "127.0.0.1", "[::1]"].contains { host == $0 || host.hasPrefix($0 + ":") }
    }
}
