package io.moe4j.launch;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankFailedException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FailedStartTest {
    /** Far longer than the test takes if the failure is told. */
    private static final Duration TIMEOUT = Duration.ofMinutes(5);

    /** The one that fails may be the one where all meet. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void theOtherLearnsWhyAtOnce(int failing) throws IOException {
        Endpoint master = new Endpoint("127.0.0.1", freePort());
        CompletableFuture<Void> failed = CompletableFuture.runAsync(() -> FailedStart
                .tell(process(failing, master), JobSecret.none(), "data.path = \"/nope\" does not exist"));
        int other = 1 - failing;
        try (TcpRendezvous rendezvous = TcpRendezvous.open(process(other, master), JobSecret.none(), TIMEOUT)) {
            Group world = new Group("world", List.of(0, 1), other);
            String message = assertThrows(RankFailedException.class,
                    () -> rendezvous.exchange(world, "the run's folder", new byte[0])).getMessage();
            assertTrue(message.contains("rank " + failing) && message.contains("its start")
                    && message.contains("data.path = \"/nope\" does not exist"), message);
        }
        failed.join();
    }

    /** A job of which all processes fail alike must not wait for one that runs. */
    @Test
    void itEndsIfNoOtherProcessComes() throws IOException {
        long begin = System.nanoTime();
        FailedStart.tell(process(1, new Endpoint("127.0.0.1", freePort())), JobSecret.none(), "alone");
        FailedStart.tell(process(0, new Endpoint("127.0.0.1", freePort())), JobSecret.none(), "alone");
        assertTrue(System.nanoTime() - begin < Duration.ofSeconds(60).toNanos());
    }

    private static RankEnvironment process(int rank, Endpoint master) {
        return RankEnvironment.process("a test", 2, List.of(rank), 0, master);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
