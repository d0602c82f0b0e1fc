package io.moe4j.launch;

import io.moe4j.api.Stability;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankFailedException;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.group.Rendezvous;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A rendezvous of several processes over TCP. The process of rank 0 listens, all processes connect to it, and it distributes exchanged values and
 * failures. One object serves all rank threads of a process.
 *
 * <p>A process whose connection ends without a goodbye counts as failed, and all ranks receive this failure. Each message is authenticated with the
 * job's secret ({@link JobSecret}); nothing is encrypted.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class TcpRendezvous implements Rendezvous, AutoCloseable {
    /** The hub enforces the time limit and names the missing ranks. A process waits a little longer, in case the hub has died. */
    private static final Duration GRACE = Duration.ofSeconds(5);

    private final RankEnvironment environment;
    private final Duration timeout;
    private final @Nullable Hub hub;
    private final Connection connection;
    private final Map<Participant, CompletableFuture<List<byte[]>>> waiting = new HashMap<>();
    private volatile Optional<RankFailure> failure = Optional.empty();
    private boolean closed;

    /** One rank in one meeting. */
    private record Participant(Meeting meeting, int rank) {}

    private TcpRendezvous(RankEnvironment environment, Duration timeout, @Nullable Hub hub, Connection connection) {
        this.environment = environment;
        this.timeout = timeout;
        this.hub = hub;
        this.connection = connection;
    }

    /**
     * Joins the world of {@code environment}, which has other processes. The process of rank 0 listens; the others try to connect for at most
     * {@code timeout}.
     *
     * @param secret the same for all processes of the job
     * @param timeout the longest that any wait takes
     * @throws RankFailedException if rank 0 cannot be reached in time
     * @throws LaunchException if rank 0 cannot listen, or refuses this process
     */
    public static TcpRendezvous open(RankEnvironment environment, JobSecret secret, Duration timeout) {
        Endpoint master = environment.master().orElseThrow(() -> new IllegalArgumentException(
                "ranks " + environment.localRanks() + " of " + environment.worldSize()
                        + " have no address at which to meet the others; threads of one process meet in a ThreadRendezvous"));
        Hub hub = environment.localRanks().contains(0)
                ? Hub.open(environment, master, secret, timeout)
                : null;
        try {
            Optional<InetSocketAddress> address = hub == null ? Optional.empty() : Optional.of(hub.address());
            Connection connection = new Knock(master, address, secret, timeout).enter(hello(environment));
            TcpRendezvous rendezvous = new TcpRendezvous(environment, timeout, hub, connection);
            rendezvous.listen();
            return rendezvous;
        } catch (RuntimeException e) {
            if (hub != null) {
                hub.drop();
            }
            throw e;
        }
    }

    private static Message.Hello hello(RankEnvironment environment) {
        return new Message.Hello(environment.job().orElse(""),
                "process " + ProcessHandle.current().pid() + " on " + hostName(), environment.worldSize(),
                environment.localRanks());
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "a host without a name";
        }
    }

    private void listen() {
        long limit = (long) Wire.MAX_GIVEN * environment.worldSize() + Wire.MAX_HELLO;
        connection.start("rendezvous", limit, this::receive, this::lost);
    }

    @Override
    public List<byte[]> exchange(Group group, String key, byte[] mine) {
        if (!environment.localRanks().contains(group.rank()) || mine.length > Wire.MAX_GIVEN) {
            throw new IllegalArgumentException("exchange of " + mine.length + " bytes as rank " + group.rank()
                    + " in a process of ranks " + environment.localRanks() + ": at most " + Wire.MAX_GIVEN
                    + " bytes, and as a rank of this process");
        }
        if (group.size() == 1) {
            check();
            return List.of(mine.clone());
        }
        Participant seat = new Participant(Meeting.of(group, key), group.rank());
        CompletableFuture<List<byte[]>> answer = new CompletableFuture<>();
        synchronized (waiting) {
            check();
            if (closed) {
                throw new IllegalStateException(
                        "exchange " + seat.meeting() + " after the rendezvous was closed; close it last");
            }
            if (waiting.putIfAbsent(seat, answer) != null) {
                throw new IllegalStateException("rank " + group.rank() + " waits for " + seat.meeting()
                        + " already, in another thread; a rank makes one exchange of a key at a time");
            }
            connection.send(new Message.Offer(seat.meeting(), group.index(), mine));
        }
        return await(seat, answer);
    }

    private List<byte[]> await(Participant seat, CompletableFuture<List<byte[]>> answer) {
        try {
            return answer.get(timeout.plus(GRACE).toMillis(), TimeUnit.MILLISECONDS).stream().map(byte[]::clone)
                    .toList();
        } catch (TimeoutException e) {
            throw failed(Hub.lost("its process did not answer " + seat.meeting() + " within "
                    + timeout.plus(GRACE).toSeconds() + " s; it hangs, or the network has failed"));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failed(new RankFailure(seat.rank(), seat.meeting().toString(), "it was interrupted"));
        } catch (ExecutionException e) {
            check();
            throw new IllegalStateException("exchange " + seat.meeting() + " failed", e);
        } finally {
            synchronized (waiting) {
                waiting.remove(seat, answer);
            }
        }
    }

    @Override
    public void fail(RankFailure first) {
        failed(first);
    }

    @Override
    public Optional<RankFailure> failure() {
        return failure;
    }

    /** Leaves the world. In the process of rank 0, waits until the others have left too, unless a rank has failed. */
    @Override
    public void close() {
        synchronized (waiting) {
            if (closed) {
                return;
            }
            closed = true;
            connection.send(new Message.Goodbye());
        }
        connection.close();
        if (hub != null) {
            hub.close();
        }
    }

    private RankFailedException failed(RankFailure first) {
        if (set(first)) {
            connection.send(new Message.Failed(first));
        }
        return new RankFailedException(failure.orElse(first));
    }

    /** Records a failure and ends all waits. True if it is the first failure that this process knows of. */
    private boolean set(RankFailure first) {
        List<CompletableFuture<List<byte[]>>> ended;
        synchronized (waiting) {
            if (failure.isPresent()) {
                return false;
            }
            failure = Optional.of(first);
            ended = new ArrayList<>(waiting.values());
            waiting.clear();
        }
        ended.forEach(answer -> answer.completeExceptionally(new RankFailedException(first)));
        return true;
    }

    private void receive(Message message) {
        switch (message) {
            case Message.Answer answer -> receive(answer);
            case Message.Failed failed -> set(failed.failure());
            default -> lost("it sent a " + message.getClass().getSimpleName() + " in the middle of a run");
        }
    }

    private void receive(Message.Answer answer) {
        List<CompletableFuture<List<byte[]>>> answered = new ArrayList<>();
        synchronized (waiting) {
            for (int rank : environment.localRanks()) {
                Optional.ofNullable(waiting.remove(new Participant(answer.meeting(), rank))).ifPresent(answered::add);
            }
        }
        answered.forEach(future -> future.complete(answer.bytes()));
    }

    private void lost(String reason) {
        synchronized (waiting) {
            if (closed) {
                return;
            }
        }
        set(Hub.lost("the connection to " + environment.master().map(Endpoint::toString).orElse("it") + " was lost ("
                + reason + "): its process has ended, or the network has failed; see the log of rank 0"));
        connection.finish();
    }
}
