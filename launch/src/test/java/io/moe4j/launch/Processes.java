package io.moe4j.launch;

import io.moe4j.api.group.Group;
import java.io.IOException;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/** A world in one JVM, each of its processes with a rendezvous of its own. */
final class Processes implements AutoCloseable {
    private final Endpoint master;
    private final int worldSize;
    private final int ranksEach;
    private final Duration timeout;
    private final JobSecret secret = JobSecret.of("the secret of this test");
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<TcpRendezvous> open = new ArrayList<>();

    Processes(int worldSize, int ranksEach, Duration timeout) throws IOException {
        this.master = new Endpoint("127.0.0.1", freePort());
        this.worldSize = worldSize;
        this.ranksEach = ranksEach;
        this.timeout = timeout;
    }

    /** A rank of this test at work. */
    interface Work<T> {
        T run(int rank, TcpRendezvous rendezvous) throws Exception;
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    Endpoint master() {
        return master;
    }

    JobSecret secret() {
        return secret;
    }

    TcpRendezvous open(int process) {
        return open(process, Optional.empty());
    }

    /** A process of this job, if it is a job that has a name. */
    TcpRendezvous open(int process, Optional<String> job) {
        return open(process, master, job);
    }

    /** A process that finds the others at {@code where}. */
    TcpRendezvous open(int process, Endpoint where, Optional<String> job) {
        List<Integer> ranks = IntStream.range(process * ranksEach, (process + 1) * ranksEach).boxed().toList();
        RankEnvironment environment = RankEnvironment.process("test", worldSize, ranks, 0, where);
        TcpRendezvous rendezvous = TcpRendezvous.open(job.map(environment::withJob).orElse(environment), secret,
                timeout);
        synchronized (open) {
            open.add(rendezvous);
        }
        return rendezvous;
    }

    <T> Future<T> start(Callable<T> work) {
        return threads.submit(work);
    }

    /** Opens all processes, runs {@code work} on a thread for each rank, and returns what came out, by rank. */
    <T> List<T> run(Work<T> work) throws Exception {
        List<Future<TcpRendezvous>> processes = new ArrayList<>();
        for (int process = 0; process < worldSize / ranksEach; process++) {
            int number = process;
            processes.add(start(() -> open(number)));
        }
        List<Future<T>> ranks = new ArrayList<>();
        for (int rank = 0; rank < worldSize; rank++) {
            int number = rank;
            TcpRendezvous rendezvous = get(processes.get(rank / ranksEach));
            ranks.add(start(() -> work.run(number, rendezvous)));
        }
        List<T> results = new ArrayList<>();
        for (Future<T> rank : ranks) {
            results.add(get(rank));
        }
        return results;
    }

    static <T> T get(Future<T> future) throws Exception {
        try {
            return future.get(30, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }

    Group world(int rank) {
        return new Group("world", IntStream.range(0, worldSize).boxed().toList(), rank);
    }

    /** Closes from all processes at once, as they do in life: rank 0 waits for the others. */
    @Override
    public void close() throws Exception {
        List<Future<?>> closing = new ArrayList<>();
        synchronized (open) {
            open.forEach(rendezvous -> closing.add(threads.submit(rendezvous::close)));
        }
        for (Future<?> each : closing) {
            get(each);
        }
        threads.shutdownNow();
    }
}
