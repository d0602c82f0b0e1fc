package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.launch.Endpoint;
import io.moe4j.launch.JobSecret;
import io.moe4j.launch.RankEnvironment;
import io.moe4j.launch.TcpRendezvous;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.session.RankLaunch;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ranks in pairs, each pair with its own session, device and rendezvous, as if it ran in a process of its own. */
class RanksApartTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    @Test
    void lossesAreThoseOfThreadsAndWhatTheySaveIsContinuedByThreads() throws Exception {
        List<Double> whole;
        try (TrainingRun run = Tiny.open()) {
            whole = Tiny.losses(run);
        }
        int port = freePort();
        List<List<Double>> apart = atTheSameTime(() -> train(port, 0), () -> train(port, 2));
        assertEquals(whole.subList(0, 3), apart.get(0));
        assertEquals(whole.subList(0, 3), apart.get(1));
        try (TrainingRun run = Tiny.open("checkpoint.resume=" + folder)) {
            assertEquals(whole.subList(3, 6), Tiny.losses(run));
        }
    }

    private List<Double> train(int port, int first) {
        RankEnvironment environment = RankEnvironment.process("a test", 4, List.of(first, first + 1), first,
                new Endpoint("127.0.0.1", port));
        try (TcpRendezvous rendezvous = TcpRendezvous.open(environment, JobSecret.none(), TIMEOUT);
                TrainingRun run = Tiny.open(new RankLaunch(4, environment.localRanks(), 0, rendezvous))) {
            List<Double> losses = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                losses.add(run.step().loss());
            }
            run.save(folder);
            return losses;
        }
    }

    private static List<List<Double>> atTheSameTime(Callable<List<Double>> a, Callable<List<Double>> b)
            throws InterruptedException, ExecutionException {
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            Future<List<Double>> first = threads.submit(a);
            Future<List<Double>> second = threads.submit(b);
            return List.of(first.get(), second.get());
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
