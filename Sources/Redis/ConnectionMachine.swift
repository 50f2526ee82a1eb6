import DequeModule
import NIOCore

/// Everything one connection decides, and nothing it does: no socket, no clock, no lock. Events go in, actions come
/// out, and `Connection` performs them.
///
///     state        what holds in it                               ways out
///     idle         nothing was asked for yet                      connect → connecting
///     connecting   attempt number n is under way                  connected → handshaking, with TLS → encrypting;
///                                                                 refused, lost, tick → resting
///     encrypting   nothing sent that is ours                      encrypted → handshaking; refused, lost, tick → resting
///     handshaking  log-in sent, nothing else                      last answer → ready; refused, lost, tick → resting
///     ready        commands are written as they come              lost, tick → resting
///     resting      no connection; a timer will call `connect`     connect → connecting
///     closed       for ever; every command fails                  none
///
/// `close` leads from every state to closed. Only in `ready` is anything in flight. Events of an attempt that is no
/// longer the current one change nothing: the socket of a connection we gave up may speak late.
///
/// A command waits (`waiting`) until it fits the bounds, then is `unsent`, then `inFlight`. Replies have no number on
/// the wire: the n-th reply belongs to the n-th command, so an answer that does not come in time costs the connection.
struct ConnectionMachine<Waiter> {
    enum State: Equatable, Sendable {
        case idle
        case connecting(until: NIODeadline)
        case encrypting(until: NIODeadline)
        case handshaking(step: Int, until: NIODeadline)
        case ready, resting, closed
    }

    /// A command on its way in.
    struct Pending {
        let waiter: Waiter
        let command: Command
        let deadline: NIODeadline
        /// Does not wait for room: for the few commands that must not queue behind the many.
        let isUrgent: Bool

        init(waiter: Waiter, command: Command, deadline: NIODeadline, isUrgent: Bool = false) {
            self.waiter = waiter
            self.command = command
            self.deadline = deadline
            self.isUrgent = isUrgent
        }
    }

    struct InFlight {
        let waiter: Waiter
        let deadline: NIODeadline
        let byteCount: Int
    }

    enum Action {
        /// Open a socket; report its fate with this number.
        case connect(attempt: Int)
        /// Write to the current socket.
        case write(ByteBuffer)
        /// Close the current socket, or give up the one being opened.
        case closeSocket
        /// These commands have ended with this error.
        case fail([Waiter], RedisError)
        /// The connection can be used.
        case up
        /// The connection, or the attempt to make one, has ended.
        case down(RedisError)
        /// Call `connect` after this pause.
        case reconnect(after: Duration)
    }

    /// What to do with a reply.
    enum Reception {
        /// Hand it to this waiter.
        case deliver(Waiter)
        /// It was not for a waiter.
        case act([Action])
    }

    var state = State.idle
    /// The number of the current attempt.
    var attempt = 0
    /// Attempts and connections that ended since the last good handshake.
    var failures = 0
    /// There has been a good handshake, so whatever does not work now is not the settings' fault alone.
    var hasWorked = false
    /// Why there is no connection; nil while there is one, or when a good one was just lost.
    var lastFailure: RedisError?

    var waiting = Deque<Pending>()
    var unsent = Deque<Pending>()
    var inFlight = Deque<InFlight>()
    /// Bytes of `unsent` and `inFlight`.
    var admittedBytes = 0
    /// Kept between writes, so that the common small write allocates nothing.
    var scratch = ByteBuffer()

    let configuration: RedisConfiguration
    let handshake: Handshake
    var random: any RandomNumberGenerator & Sendable

    init(
        _ configuration: RedisConfiguration,
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.configuration = configuration
        self.random = random
        handshake = Handshake(configuration)
    }
}

extension ConnectionMachine: Sendable where Waiter: Sendable {}
extension ConnectionMachine.Pending: Sendable where Waiter: Sendable {}
extension ConnectionMachine.InFlight: Sendable where Waiter: Sendable {}
extension ConnectionMachine.Action: Sendable where Waiter: Sendable {}
extension ConnectionMachine.Reception: Sendable where Waiter: Sendable {}
