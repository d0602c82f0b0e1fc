package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.launch.Endpoint;
import io.moe4j.launch.JobSecret;
import io.moe4j.launch.RankEnvironment;
import io.moe4j.launch.TcpRendezvous;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.session.RankLaunch;
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
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Two processes of two ranks each, here as two rendezvous in one JVM, that were started with different inputs. */
@Timeout(120)
class AgreementTest {

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"training.seed, 7, training.seed: 42 (ranks 0 and 1)| 7 (ranks 2 and 3)",
            "optimizer.lr, 0.5, optimizer.lr: 0.01 (ranks 0 and 1)| 0.5 (ranks 2 and 3)",
            "training.max_norm, 3.5, training.max_norm: 1.0 (ranks 0 and 1)| 3.5 (ranks 2 and 3)",
            "moe.load_balance_coeff, 0.25, moe.load_balance_coeff: 0.001 (ranks 0 and 1)| 0.25 (ranks 2 and 3)",
            "training.steps, 99, training.steps: 6 (ranks 0 and 1)| 99 (ranks 2 and 3)",
            "runtime.strict, true, runtime.strict: false (ranks 0 and 1)| true (ranks 2 and 3)",
            "checkpoint.interval, 3, checkpoint.interval: 100 (ranks 0 and 1)| 3 (ranks 2 and 3)"})
    void aDifferenceIsNamedByAll(String key, String value, String expected) throws Exception {
        List<Throwable> failures = open(new String[0], new String[] {key + "=" + value});
        for (Throwable failure : failures) {
            assertInstanceOf(InputException.class, failure);
            assertEquals("the ranks of this run do not agree, and would not train one model:\n  "
                    + expected.replace('|', ',') + "\nstart all processes with the same configuration, build and data",
                    failure.getMessage());
        }
    }

    @Test
    void allDifferencesAreNamedAtOnce() throws Exception {
        List<Throwable> failures = open(new String[] {"optimizer.beta1=0.8"},
                new String[] {"training.seed=1", "optimizer.weight_decay=0.3"});
        for (Throwable failure : failures) {
            for (String key : List.of("optimizer.beta1", "training.seed", "optimizer.weight_decay")) {
                assertTrue(failure.getMessage().contains("\n  " + key + ": "), failure.getMessage());
            }
        }
    }

    @Test
    void pathsAndWhatIsOnlyForPeopleMayDiffer() throws Exception {
        assertEquals(List.of(), open(new String[] {"metrics.log_every=7"}, new String[] {"data.path=" + folder}));
    }

    @Test
    void theCheckpointThatIsContinuedMustBeTheSame() throws Exception {
        Path earlier = folder.resolve("earlier");
        try (TrainingRun run = Tiny.open()) {
            run.step();
            run.save(earlier);
            run.step();
            run.save(folder.resolve("later"));
        }
        List<Throwable> failures = open(new String[] {"checkpoint.resume=" + earlier},
                new String[] {"checkpoint.resume=" + folder.resolve("later")});
        assertEquals(2, failures.size());
        for (Throwable failure : failures) {
            assertTrue(failure.getMessage().contains("the checkpoint that is continued: ")
                    && failure.getMessage().contains("step=2"), failure.getMessage());
        }
    }

    /** The failures of the two processes. */
    private static List<Throwable> open(String[] first, String[] second) throws Exception {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        List<Throwable> failures = new ArrayList<>();
        try (ExecutorService processes = Executors.newFixedThreadPool(2)) {
            List<Future<Void>> both = List.of(processes.submit(process(port, 0, first)),
                    processes.submit(process(port, 2, second)));
            for (Future<Void> each : both) {
                try {
                    each.get();
                } catch (ExecutionException e) {
                    failures.add(e.getCause());
                }
            }
        }
        return failures;
    }

    private static Callable<Void> process(int port, int firstRank, String... overrides) {
        return () -> {
            RankEnvironment environment = RankEnvironment.process("a test", 4, List.of(firstRank, firstRank + 1),
                    firstRank, new Endpoint("127.0.0.1", port));
            try (TcpRendezvous rendezvous = TcpRendezvous.open(environment, JobSecret.none(), Duration.ofSeconds(60));
                    TrainingRun run = Tiny.open(new RankLaunch(4, environment.localRanks(), 0, rendezvous),
                            overrides)) {
                assertEquals(0, run.stepsDone());
            }
            return null;
        };
    }
}
