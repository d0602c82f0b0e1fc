package io.moe4j.launch;

import io.moe4j.api.group.RankFailure;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Listens for the processes of a world, in the process of rank 0. All of them connect to it, its own as well. */
final class Hub implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Hub.class);
    private static final Duration HELLO = Duration.ofSeconds(5);
    private static final Duration PAUSE = Duration.ofMillis(100);
    private static final int BACKLOG = 1024;

    private final ServerSocket server;
    private final World world;

    private Hub(ServerSocket server, int worldSize, Duration timeout) {
        this.server = server;
        this.world = new World(worldSize, timeout);
        Thread.ofVirtual().name("rendezvous hub").start(this::accept);
    }

    /** Listens at {@code endpoint}: on the loopback interface if it is there, else on all. */
    static Hub open(Endpoint endpoint, int worldSize, Duration timeout) {
        try {
            ServerSocket server = new ServerSocket();
            try {
                server.setReuseAddress(true);
                server.bind(endpoint.isLoopback()
                        ? new InetSocketAddress(InetAddress.getByName(endpoint.host()), endpoint.port())
                        : new InetSocketAddress(endpoint.port()), BACKLOG);
            } catch (IOException e) {
                server.close();
                throw e;
            }
            return new Hub(server, worldSize, timeout);
        } catch (IOException e) {
            throw new LaunchException(List.of("rank 0 cannot listen at " + endpoint + " (" + e.getMessage()
                    + "): the port must be free, and the host this one; choose another MASTER_PORT, or end what uses it"));
        }
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket socket = server.accept();
                Thread.ofVirtual().name("rendezvous hello").start(() -> greet(socket));
            } catch (IOException e) {
                if (!server.isClosed()) {
                    log.warn("the rendezvous could not accept a connection: {}", e.getMessage());
                    LockSupport.parkNanos(PAUSE.toNanos());
                }
            }
        }
    }

    private void greet(Socket socket) {
        try {
            Connection connection = new Connection(socket, HELLO);
            int version = connection.readPreamble();
            if (version != Wire.VERSION) {
                throw new ProtocolException("it speaks version " + version + " of the protocol, and rank 0 "
                        + Wire.VERSION + "; run the same moe4j everywhere");
            }
            if (!(connection.readNow() instanceof Message.Hello hello)) {
                throw new ProtocolException("it did not introduce itself");
            }
            world.join(connection, hello);
        } catch (IOException e) {
            String reason = "a connection from " + socket.getRemoteSocketAddress() + " was refused: " + e.getMessage();
            log.warn(reason);
            world.noteRefusal(reason);
            try {
                socket.close();
            } catch (IOException alreadyClosed) {
                log.debug("closing a refused connection", alreadyClosed);
            }
        }
    }

    /** Waits until all processes have left, but not past the time limit, nor long after a failure; then ends all connections. */
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
        world.close();
    }

    /** What a failure of the whole rendezvous looks like to everybody. */
    static RankFailure lost(String why) {
        return new RankFailure(0, "rendezvous", why);
    }
}
