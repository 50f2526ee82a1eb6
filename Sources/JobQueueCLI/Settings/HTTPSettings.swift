import JobQueueHTTP

extension Settings {
    static let httpHost = Setting(
        "http.host", "127.0.0.1", .text,
        "Where `serve` listens. Anything but this machine's own addresses needs tokens.")
    static let httpPort = Setting("http.port", "8080", .whole(0...65535), "The port of it. 0: any that is free.")
    static let httpSocket = Setting(
        "http.socket", "", .text, "Path of a unix socket to listen on instead of host and port.")
    static let httpCertificate = Setting(
        "http.tls_certificate", "", .text,
        "PEM file with the server's certificate and those above it. Without one: no TLS.")
    static let httpKey = Setting("http.tls_key", "", .text, "PEM file with the key of that certificate.")
    static let httpDrainTimeout = Setting(
        "http.drain_timeout", "25s", .time(.zero ... .seconds(86_400)), "How long requests may go on after TERM.")
    static let httpHeaderTimeout = Setting(
        "http.header_timeout", "10s", .time(.milliseconds(100) ... .seconds(3600)),
        "Until the line and the headers of a request have come.")
    static let httpBodyTimeout = Setting(
        "http.body_timeout", "30s", .time(.milliseconds(100) ... .seconds(3600)),
        "Until the body of a request has come, and how long a client may take nothing of an answer.")
    static let httpIdleTimeout = Setting(
        "http.idle_timeout", "60s", .time(.milliseconds(100) ... .seconds(3600)),
        "How long a connection may wait for its next request.")
    static let httpMaxHeaderBytes = Setting(
        "http.max_header_bytes", "32KiB", .bytes(1024...(1 << 20)), "The largest line and headers of a request.")
    static let httpMaxBodyBytes = Setting(
        "http.max_body_bytes", "1MiB", .bytes(1024...(256 << 20)), "The largest body of a request.")
    static let httpMaxConnections = Setting(
        "http.max_connections", "1000", .whole(1...100_000), "Connections at once; further ones wait.")
    static let httpMaxWait = Setting(
        "http.max_wait", "60s", .time(.zero ... .seconds(3600)),
        "The longest wait for a job that a request may ask for.")
    static let httpMaxWaits = Setting(
        "http.max_waits", "16", .whole(1...10_000), "Requests of one token that may wait at once.")
    static let httpRate = Setting(
        "http.rate", "600000", .whole(0...1_000_000_000),
        "Requests a minute of each token without a rate of its own. 0: any number.")
    static let httpSlowRequest = Setting(
        "http.slow_request", "1s", .time(.zero ... .seconds(3600)), "A request that takes longer is logged as slow.")
    static let httpHealthTimeout = Setting(
        "http.health_timeout", "1s", .time(.milliseconds(10) ... .seconds(60)),
        "How long Redis may take to answer a health check.")
    static let httpOpenMetrics = Setting(
        "http.open_metrics", "false", .flag,
        "Tell metrics to everybody who asks. Else they take a token with the scope stats:read for all queues.")
    static let adminPort = Setting(
        "queue.admin_port", "off", .port,
        "Port on which `run` serves its health and its metrics. 0: any that is free. off: none.")
    static let adminHost = Setting(
        "queue.admin_host", "127.0.0.1", .text, "Where that is. It needs no token: keep it off public networks.")

    /// In the order of the example file.
    static let http: [any SettingDescription] = [
        httpHost, httpPort, httpSocket, httpCertificate, httpKey, httpDrainTimeout, httpHeaderTimeout, httpBodyTimeout,
        httpIdleTimeout, httpMaxHeaderBytes, httpMaxBodyBytes, httpMaxConnections, httpMaxWait, httpMaxWaits,
        httpRate, httpSlowRequest, httpHealthTimeout, httpOpenMetrics,
    ]
}

/// What `serve` is told, read and checked.
struct HTTPSettings: Sendable {
    var place: APIServer.Place
    /// Paths of the two files.
    var tls: (certificate: String, key: String)?
    var grace: Duration
    var limits = HTTPLimits()
    var api = JobQueueAPI.Configuration()
    var healthTimeout: Duration

    init(_ reader: inout SettingsReader) {
        let socket = reader.value(Settings.httpSocket)
        let (host, port) = (reader.value(Settings.httpHost), reader.value(Settings.httpPort))
        place = socket.isEmpty ? .port(host: host, port) : .socket(socket)
        let (certificate, key) = (reader.value(Settings.httpCertificate), reader.value(Settings.httpKey))
        if !certificate.isEmpty, !key.isEmpty { tls = (certificate, key) }
        grace = reader.value(Settings.httpDrainTimeout)
        limits.head = reader.value(Settings.httpHeaderTimeout)
        limits.body = reader.value(Settings.httpBodyTimeout)
        limits.idle = reader.value(Settings.httpIdleTimeout)
        limits.headBytes = reader.value(Settings.httpMaxHeaderBytes)
        limits.bodyBytes = reader.value(Settings.httpMaxBodyBytes)
        limits.connections = reader.value(Settings.httpMaxConnections)
        api.maxBodyBytes = limits.bodyBytes
        api.maxWait = reader.value(Settings.httpMaxWait)
        api.maxWaits = reader.value(Settings.httpMaxWaits)
        api.rate = reader.value(Settings.httpRate)
        api.slowRequest = reader.value(Settings.httpSlowRequest)
        api.hasOpenMetrics = reader.value(Settings.httpOpenMetrics)
        healthTimeout = reader.value(Settings.httpHealthTimeout)
        if certificate.isEmpty != key.isEmpty {
            reader.refuse("http.tls_certificate and http.tls_key belong together: give both, or neither")
        }
        if host.isEmpty { reader.refuse("http.host is empty: give a host or an address, such as 127.0.0.1") }
    }
}
