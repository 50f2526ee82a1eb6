import FoundationEssentials
import HTTPTypes
import Testing
import Yams

@testable import JobQueueHTTP

extension HTTPTests {
    /// The description and the routes say the same.
    @Suite struct DescriptionTests {
        private static func described() throws -> [String: [String: Any]] {
            let text = String(decoding: PackageResources.openapi_yaml, as: UTF8.self)
            let page = try #require(try Yams.load(yaml: text) as? [String: Any])
            return try #require(page["paths"] as? [String: [String: Any]])
        }

        @Test func `every route is described, and every described route is there`() async throws {
            let rig = try await APIRig()
            let described = try Self.described().flatMap { path, methods in methods.keys.map { "\($0) \(path)" } }
            let routed = rig.api.routes.filter(\.isListed).map { "\($0.method.rawValue.lowercased()) \($0.path)" }
            #expect(Set(routed).subtracting(described) == [] && Set(described).subtracting(routed) == [])
            #expect(routed.count == Set(routed).count)
        }

        @Test func `the scope that a route asks for is in its description, and open ones need no token`() async throws {
            let rig = try await APIRig()
            let paths = try Self.described()
            for route in rig.api.routes where route.isListed {
                let operation = try #require(paths[route.path]?[route.method.rawValue.lowercased()] as? [String: Any])
                switch route.access {
                case .open: #expect((operation["security"] as? [Any])?.isEmpty == true, "\(route.path)")
                case .scope(let scope):
                    let text = operation["description"] as? String ?? ""
                    #expect(text.contains("`\(scope.rawValue)`"), "\(route.method) \(route.path)")
                }
            }
        }

        @Test func `the description is served, and so is what each kind of problem means`() async throws {
            let rig = try await APIRig()
            #expect(try await rig.call(.get, "/openapi.yaml").text.hasPrefix("openapi: 3.1.0"))
            for kind in Problem.Kind.all {
                let page = try await rig.call(.get, "/problems/\(kind.name)")
                #expect(page.status == 200 && page.text.contains(kind.title))
            }
            #expect(try await rig.call(.get, "/problems/none").status == 404)
        }
    }
}
