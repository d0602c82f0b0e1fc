package io.moe4j.launch;

import io.moe4j.api.Shown;
import io.moe4j.api.group.RankFailedException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Connects to the hub, which may not have started yet. */
final class Knock {
    private static final long LONGEST_PAUSE_MILLIS = 500;
    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final Duration HANDSHAKE = Duration.ofSeconds(10);
    /** How long a hub with another secret or job may stay before this is an error: it may be an earlier run that is just ending at the same port. */
    private static final Duration OTHER_JOB = Duration.ofSeconds(5);

    private final Endpoint master;
    private final Optional<InetSocketAddress> hub;
    private final JobSecret secret;
    private final Duration timeout;
    private final long begin = System.nanoTime();

    /**
     * @param master where the hub is
     * @param hub its address, if it is in this process
     */
    Knock(Endpoint master, Optional<InetSocketAddress> hub, JobSecret secret, Duration timeout) {
        this.master = master;
        this.hub = hub;
        this.secret = secret;
        this.timeout = timeout;
    }

    /**
     * A connection that the hub has accepted.
     *
     * @throws LaunchException if the hub refuses this process
     * @throws RankFailedException if the hub cannot be reached in time
     */
    Connection enter(Message.Hello hello) {
        Optional<String> other = Optional.empty();
        String problem = "no answer";
        for (long pause = 20; left().isPositive(); pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS)) {
            try {
                return introduce(connect(), hello);
            } catch (OtherJobException e) {
                if (passed().compareTo(OTHER_JOB) > 0) {
                    throw refused(String.valueOf(e.getMessage()));
                }
                other = Optional.of(String.valueOf(e.getMessage()));
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
        throw new RankFailedException(Hub.lost(Shown.ranks(hello.ranks()) + " cannot reach it at " + master + " within "
                + timeout.toSeconds() + " s (" + other.orElse(problem)
                + "); start rank 0, check MASTER_ADDR and MASTER_PORT, or raise runtime.timeout"));
    }

    /** The first address that answers. A name is resolved again at each attempt: in a cluster it may appear late. */
    private Socket connect() throws IOException {
        List<InetSocketAddress> addresses = hub.map(List::of).orElse(null);
        if (addresses == null) {
            addresses = Arrays.stream(InetAddress.getAllByName(master.host()))
                    .map(address -> new InetSocketAddress(address, master.port())).toList();
        }
        IOException first = null;
        for (InetSocketAddress address : addresses) {
            try {
                return connect(address);
            } catch (IOException e) {
                if (first == null) {
                    first = e;
                } else {
                    first.addSuppressed(e);
                }
            }
        }
        throw first == null ? new IOException(master.host() + " has no address") : first;
    }

    private Socket connect(InetSocketAddress address) throws IOException {
        Socket socket = new Socket();
        try {
            socket.connect(address, millis(CONNECT));
            if (socket.getLocalPort() == master.port() && socket.getLocalAddress().equals(socket.getInetAddress())) {
                throw new IOException("nothing listens there: the socket was connected to itself");
            }
            return socket;
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    private Connection introduce(Socket socket, Message.Hello hello) throws IOException {
        try {
            Connection connection = shakeHands(socket);
            connection.sendNow(hello);
            return switch (connection.readNow(left())) {
                case Message.Welcome welcome -> connection;
                case Message.Refusal(boolean otherJob, String reason) when otherJob -> throw new OtherJobException(
                        reason);
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

    private Connection shakeHands(Socket socket) throws IOException {
        int limit = millis(HANDSHAKE);
        try (TimeLimit whole = new TimeLimit(socket, Duration.ofMillis(limit))) {
            Handshake handshake = new Handshake(socket, secret, limit);
            int version = handshake.readPreamble();
            if (version != Wire.VERSION) {
                throw refused("it speaks version " + version + " of the protocol, and this process " + Wire.VERSION
                        + "; run the same moe4j everywhere");
            }
            return handshake.asProcess();
        }
    }

    private LaunchException refused(String reason) {
        return new LaunchException(List.of("rank 0 at " + master + " does not take this process: " + reason));
    }

    private Duration passed() {
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    private Duration left() {
        return timeout.minus(passed());
    }

    /** Milliseconds of {@code limit}, but at most the time that is left. */
    private int millis(Duration limit) {
        return Math.toIntExact(Math.clamp(left().compareTo(limit) < 0 ? left().toMillis() : limit.toMillis(), 1,
                Integer.MAX_VALUE));
    }
}
