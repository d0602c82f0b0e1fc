package io.moe4j.launch;

import io.moe4j.api.group.RankFailedException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;

/** Connects to the hub, which may not be there yet. */
final class Knock {
    private static final long LONGEST_PAUSE_MILLIS = 500;

    private final Endpoint master;
    private final Duration timeout;
    private final long deadline;

    Knock(Endpoint master, Duration timeout) {
        this.master = master;
        this.timeout = timeout;
        this.deadline = System.nanoTime() + timeout.toNanos();
    }

    /** A connection that the hub has taken. */
    Connection enter(Message.Hello hello) {
        String problem = "no answer";
        for (long pause = 20; left().isPositive(); pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS)) {
            try {
                return introduce(connect(), hello);
            } catch (IOException e) {
                problem = e.getMessage() == null ? e.toString() : e.getMessage();
            }
            try {
                Thread.sleep(Math.min(pause, Math.max(1, left().toMillis())));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break;
            }
        }
        throw new RankFailedException(Hub.lost("ranks " + hello.ranks() + " cannot reach it at " + master + " within "
                + timeout.toSeconds() + " s (" + problem
                + "); start rank 0, check MASTER_ADDR and MASTER_PORT, or raise runtime.timeout"));
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket();
        try {
            // The name is looked up at each try: in a cluster it may appear late.
            socket.connect(new InetSocketAddress(master.host(), master.port()), Math.toIntExact(millisLeft()));
            if (socket.getLocalPort() == master.port()
                    && socket.getLocalAddress().equals(socket.getInetAddress())) {
                throw new IOException("nobody listens there: the connection met itself");
            }
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    private Connection introduce(Socket socket, Message.Hello hello) throws IOException {
        try {
            Connection connection = new Connection(socket, Duration.ofMillis(millisLeft()));
            int version = connection.readPreamble();
            if (version != Wire.VERSION) {
                throw refused("it speaks version " + version + " of the protocol, and this process " + Wire.VERSION
                        + "; run the same moe4j everywhere");
            }
            connection.sendNow(hello);
            return switch (connection.readNow()) {
                case Message.Welcome welcome -> connection;
                case Message.Refusal refusal -> throw refused(refusal.reason());
                case Message other -> throw refused("it answered " + other.getClass().getSimpleName());
            };
        } catch (ProtocolException e) {
            socket.close();
            throw refused(e.getMessage() + "; choose another MASTER_PORT");
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    private LaunchException refused(String reason) {
        return new LaunchException(List.of("rank 0 at " + master + " does not take this process: " + reason));
    }

    private Duration left() {
        return Duration.ofNanos(deadline - System.nanoTime());
    }

    private long millisLeft() {
        return Math.clamp(left().toMillis(), 1, Integer.MAX_VALUE);
    }
}
