import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// How a connection of the server is put together.
struct ConnectionSetup: HTTPChannelHandler {
    typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    let responder: HTTPChannelHandler.Responder
    let limits: HTTPLimits
    let tls: CertificateSource?
    let express: Express?
    let refuse: @Sendable (ConnectionState.Refusal) -> Answer

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            if let tls { try pipeline.addHandler(tls.handler()) }
            var parsing = NIOHTTPDecoderLimitConfiguration()
            parsing.maxHeaderFieldSize = limits.headBytes
            parsing.maxHeaderListSize = limits.headBytes
            parsing.maxHeaderFieldCount = HTTPLimits.headers
            // What is between the fields does not count there, such as any number of spaces.
            let decoder = ByteToMessageHandler(
                HTTPRequestDecoder(limitConfiguration: parsing), maximumBufferSize: limits.headBytes * 2)
            try pipeline.addHandlers(
                HTTPResponseEncoder(), decoder,
                ConnectionHandler(limits, isSecure: tls != nil, express: express, refuse: refuse))
            return try NIOAsyncChannel(
                wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
    }

    func handle(value: Value, logger: Logger) async { await handleHTTP(asyncChannel: value, logger: logger) }
}
