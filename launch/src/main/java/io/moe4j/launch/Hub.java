package io.moe4j.launch;

import io.moe4j.api.group.RankFailure;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Listens for the processes of a world, in the process of rank 0. All processes connect to it, including that of rank 0. */
final class Hub implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Hub.class);
    /** The longest that a handshake and the first message may take. */
    private static final Duration HELLO = Duration.ofSeconds(5);
    private static final Duration PAUSE = Duration.ofMillis(100);
    private static final int BACKLOG = 1024;
    private static final int MOST_UNKNOWN = 256;

    private final ServerSocket server;
    private final JobSecret secret;
    private final World world;
    private final Lobby lobby = new Lobby(MOST_UNKNOWN);
    private final RefusalCounts refusals = new RefusalCounts();

    private Hub(ServerSocket server, RankEnvironment environment, JobSecret secret, Duration timeout) {
        this.server = server;
        this.secret = secret;
        this.world = new World(environment.worldSize(), environment.job(), timeout);
        Thread.ofVirtual().name("rendezvous hub").start(this::accept);
    }

    /** Listens at the meeting place of {@code environment}: only on that address, unless the environment names another address to listen at. */
    static Hub open(RankEnvironment environment, Endpoint master, JobSecret secret, Duration timeout) {
        String host = environment.listen().orElse(master.host());
        try {
            ServerSocket server = new ServerSocket();
            try {
                InetAddress address = InetAddress.getByName(host);
                server.setReuseAddress(true);
                server.bind(new InetSocketAddress(address, master.port()), BACKLOG);
                if (address.isLoopbackAddress() && !master.isLoopback()) {
                    log.warn("rank 0 listens at {} ({} here), which only processes of this host can reach; for others,"
                            + " set MASTER_ADDR to an address of this host, or give --listen-addr", address, host);
                }
            } catch (IOException e) {
                server.close();
                throw e;
            }
            return new Hub(server, environment, secret, timeout);
        } catch (IOException e) {
            throw new LaunchException(List.of("rank 0 cannot listen at " + host + ":" + master.port() + " ("
                    + e.getMessage() + "): the port must be free, and the address one of this host. If another job uses"
                    + " the port, choose another MASTER_PORT; if MASTER_ADDR leads to this host through another"
                    + " address, say where to listen with --listen-addr (0.0.0.0 is everywhere)"));
        }
    }

    /** The address at which processes of this host reach it. */
    InetSocketAddress address() {
        InetAddress bound = server.getInetAddress();
        return new InetSocketAddress(bound.isAnyLocalAddress() ? InetAddress.getLoopbackAddress() : bound,
                server.getLocalPort());
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket socket = server.accept();
                lobby.enter(socket);
                Thread.ofVirtual().name("rendezvous hello").start(() -> greet(socket));
                if (lobby.isCrowded()) {
                    LockSupport.parkNanos(Lobby.PAUSE.toNanos());
                }
            } catch (IOException e) {
                if (!server.isClosed()) {
                    log.warn("the rendezvous could not accept a connection: {}", e.getMessage());
                    LockSupport.parkNanos(PAUSE.toNanos());
                }
            }
        }
    }

    private void greet(Socket socket) {
        Optional<Connection> member = Optional.empty();
        try {
            member = Optional.of(admit(socket));
        } catch (EOFException e) {
            refuse(socket, "it ended before it had introduced itself");
        } catch (IOException | RuntimeException e) {
            refuse(socket, e.getMessage() == null ? e.toString() : e.getMessage());
        } finally {
            lobby.leave(socket);
            if (member.isEmpty()) {
                close(socket);
            }
        }
    }

    private Connection admit(Socket socket) throws IOException {
        Connection connection;
        Message first;
        try (TimeLimit limit = new TimeLimit(socket, HELLO)) {
            Handshake handshake = new Handshake(socket, secret, Math.toIntExact(HELLO.toMillis()));
            int version = handshake.readPreamble();
            if (version != Wire.VERSION) {
                throw new ProtocolException("it speaks version " + version + " of the protocol, and rank 0 "
                        + Wire.VERSION + "; run the same moe4j everywhere");
            }
            connection = handshake.asHub();
            first = connection.readNow(HELLO);
        }
        if (!(first instanceof Message.Hello hello)) {
            throw new ProtocolException("it did not introduce itself");
        }
        world.join(connection, hello);
        return connection;
    }

    /** Closes a connection and logs the refusal, but not every one: strangers may connect often. */
    private void refuse(Socket socket, String why) {
        long count = refusals.count(why);
        if (server.isClosed() || !RefusalCounts.isTold(count)) {
            return;
        }
        String reason = "a connection from " + socket.getRemoteSocketAddress() + " was refused: " + why;
        log.warn("{}{}", reason, count > 1 ? " (" + count + " times)" : "");
        world.noteRefusal(reason);
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            log.debug("closing a refused connection", e);
        }
    }

    /** Waits until all processes have left, at most for the time limit, and after a failure only for a few seconds; then ends all connections. */
    @Override
    public void close() {
        world.awaitDepartures();
        drop();
    }

    /** Ends all connections. */
    void drop() {
        try {
            server.close();
        } catch (IOException e) {
            log.warn("closing the rendezvous: {}", e.getMessage());
        }
        lobby.closeAll();
        world.close();
    }

    /** The failure that all ranks see when the whole rendezvous fails. */
    static RankFailure lost(String why) {
        return new RankFailure(0, "rendezvous", why);
    }
}
