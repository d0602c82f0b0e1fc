package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.app.cli.Main;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One of two processes cannot start. The other does not wait until its time limit, which is a minute here, but says why at once. */
class FailedStartTest {

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void theOtherSaysWhichRankFailedAndWhy(int failing) throws Exception {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        StringWriter wrong = new StringWriter();
        StringWriter other = new StringWriter();
        try (ExecutorService processes = Executors.newFixedThreadPool(2)) {
            Future<Integer> first = processes.submit(
                    () -> train(wrong, failing, port, "--data.path", folder.resolve("nowhere").toString()));
            Future<Integer> second = processes.submit(() -> train(other, 1 - failing, port));
            assertEquals(2, first.get(), wrong::toString);
            assertTrue(wrong.toString().contains("nowhere does not exist"), wrong.toString());
            assertEquals(1, second.get(), other::toString);
        }
        assertTrue(other.toString().contains("rank " + failing) && other.toString().contains("nowhere does not exist"),
                other.toString());
    }

    private int train(StringWriter err, int rank, int port, String... more) {
        List<String> all = new ArrayList<>(
                List.of("train", "--checkpoint.enable", "false", "--model.from", ProjectFiles.tinyModel(),
                        "--data.tokenizer", "bytes", "--ranks", "2",
                        "--parallelism.expert_parallel_degree", "2", "--rank", String.valueOf(rank),
                        "--world-size", "2", "--master-addr", "127.0.0.1", "--master-port", String.valueOf(port),
                        "--runtime.allow_no_secret", "--runtime.timeout", "60", "--training.steps", "1", "--output",
                        folder.resolve("run").toString()));
        all.addAll(List.of(more));
        return Main.run(new PrintWriter(new StringWriter(), true), new PrintWriter(err, true),
                all.toArray(String[]::new));
    }
}
