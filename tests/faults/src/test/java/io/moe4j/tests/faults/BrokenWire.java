package io.moe4j.tests.faults;

import io.moe4j.api.InputException;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankFailedException;
import io.moe4j.launch.Endpoint;
import io.moe4j.launch.JobSecret;
import io.moe4j.launch.RankEnvironment;
import io.moe4j.launch.TcpRendezvous;
import io.moe4j.tests.faults.Relay.Trouble;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A fault at one byte between two processes that exchange values: it is changed, lost or repeated, or the connection is cut or goes silent.
 *
 * @param sealed control if false: values are changed where no seal protects them
 */
record BrokenWire(boolean sealed) implements FaultKind {
    private static final Duration TIMEOUT = Duration.ofSeconds(2);
    private static final int ROUNDS = 8;
    /** The approximate number of bytes of a connection with this number of rounds. */
    private static final int BYTES = 900;

    @Override
    public String name() {
        return "broken connection between ranks";
    }

    @Override
    public Verdict inject(Random random, Path folder) throws Exception {
        Trouble trouble = Trouble.values()[1 + random.nextInt(Trouble.values().length - 1)];
        boolean fromProcess = random.nextBoolean();
        long content = random.nextLong();
        // Nearer to the beginning, if the connection has fewer bytes.
        for (int at = random.nextInt(BYTES);; at /= 2) {
            Optional<Verdict> verdict = inject(trouble, fromProcess, at, content);
            if (verdict.isPresent()) {
                return verdict.get();
            }
        }
    }

    /** Empty if there is no such byte. */
    private Optional<Verdict> inject(Trouble trouble, boolean fromProcess, int at, long content) throws Exception {
        Endpoint hub = new Endpoint("127.0.0.1", Ports.free());
        String injected = trouble + " at byte " + at + (fromProcess ? " to rank 0" : " from rank 0");
        List<Optional<String>> ends = new ArrayList<>();
        try (Relay relay = new Relay(hub, sealed ? trouble : Trouble.NONE, fromProcess, at);
                ExecutorService processes = Executors.newFixedThreadPool(2)) {
            Future<Optional<String>> zero = processes.submit(() -> exchange(0, hub, content));
            Future<Optional<String>> one = processes.submit(() -> exchange(1, relay.endpoint(), content));
            ends.add(zero.get());
            ends.add(one.get());
            if (!relay.isDone()) {
                return Optional.empty();
            }
        }
        for (int rank = 0; rank < 2; rank++) {
            Optional<String> end = ends.get(rank);
            if (end.isPresent()) {
                String reason = "rank " + rank + ": " + end.get();
                return Optional.of(end.get().startsWith("WRONG") ? Verdict.wrong(injected, reason)
                        : Verdict.unclear(injected, reason));
            }
        }
        return Optional.of(Verdict.held(injected));
    }

    /** Exchanges values in some rounds; both sides know the expected values. */
    private Optional<String> exchange(int rank, Endpoint where, long content) {
        RankEnvironment environment = RankEnvironment.process("a fault", 2, List.of(rank), 0, where);
        try (TcpRendezvous rendezvous = TcpRendezvous.open(environment, JobSecret.of("the secret of this very fault"),
                TIMEOUT)) {
            Group world = new Group("world", List.of(0, 1), rank);
            for (int round = 0; round < ROUNDS; round++) {
                byte[] mine = value(content, round, rank);
                if (!sealed && round == 3 && rank == 1) {
                    mine[7] ^= 1;
                }
                List<byte[]> all = rendezvous.exchange(world, "values", mine);
                for (int other = 0; other < 2; other++) {
                    if (!Arrays.equals(all.get(other), value(content, round, other))) {
                        return Optional.of("WRONG: in round " + round + " other bytes came from rank " + other);
                    }
                }
            }
            return Optional.empty();
        } catch (RankFailedException | InputException e) {
            String text = ClearText.of(e);
            return text.contains("rank ") || text.contains("127.0.0.1") ? Optional.empty()
                    : Optional.of("it names neither a rank nor an address: " + text);
        } catch (RuntimeException e) {
            return Optional.of("it ends with " + e);
        }
    }

    private static byte[] value(long content, int round, int rank) {
        byte[] value = new byte[24];
        new Random(content + 31L * round + rank).nextBytes(value);
        return value;
    }
}
