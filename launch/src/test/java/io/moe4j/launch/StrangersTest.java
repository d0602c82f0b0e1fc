package io.moe4j.launch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.group.RankFailedException;
import io.moe4j.api.group.RankFailure;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whoever reaches the port of a job without its secret can neither take part nor disturb. */
@Timeout(60)
class StrangersTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(400);

    @Test
    void garbageAndOtherVersionsAreRefused() throws Exception {
        try (Processes processes = new Processes(2, 1, LONG)) {
            TcpRendezvous zero = processes.open(0);
            try (Socket stranger = connect(processes)) {
                stranger.getOutputStream()
                        .write("GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                assertEquals(12, countUntilEnd(stranger), "the preamble and nothing more");
            }
            Random random = new Random(1);
            for (int i = 0; i < 50; i++) {
                try (Socket stranger = connect(processes)) {
                    byte[] garbage = new byte[1 + random.nextInt(4000)];
                    random.nextBytes(garbage);
                    if (i % 2 == 0) {
                        garbage = Arrays.copyOf(garbage, Math.max(12, garbage.length));
                        ByteBuffer.wrap(garbage).putLong(Wire.MAGIC).putInt(Wire.VERSION);
                    }
                    stranger.getOutputStream().write(garbage);
                }
            }
            try (Socket old = connect(processes)) {
                DataOutputStream out = new DataOutputStream(old.getOutputStream());
                out.writeLong(Wire.MAGIC);
                out.writeInt(Wire.VERSION + 1);
                assertEquals(12, countUntilEnd(old), "the preamble and nothing more");
            }
            assertWorks(processes, zero, processes.open(1));
        }
    }

    @Test
    void aValidHelloWithoutTheSecretTakesNoSeat() throws Exception {
        try (Processes processes = new Processes(2, 1, LONG)) {
            TcpRendezvous zero = processes.open(0);
            for (JobSecret wrong : List.of(JobSecret.none(), JobSecret.of("another secret of 16 and more"))) {
                OtherJobException refused = assertThrows(OtherJobException.class, () -> {
                    try (Socket stranger = connect(processes)) {
                        Handshake handshake = new Handshake(stranger, wrong, 10_000);
                        handshake.readPreamble();
                        handshake.asProcess();
                    }
                });
                assertTrue(refused.getMessage().contains("does not have the secret of this process")
                        && refused.getMessage().contains(JobSecret.VARIABLE), refused.getMessage());
            }
            assertWorks(processes, zero, processes.open(1));
        }
    }

    /** What is sent back to where it came from shows nothing. */
    @Test
    void reflectedBytesAreRefused() throws Exception {
        try (Processes processes = new Processes(2, 1, LONG)) {
            TcpRendezvous zero = processes.open(0);
            try (Socket mirror = connect(processes)) {
                byte[] all = mirror.getInputStream().readNBytes(12);
                mirror.getOutputStream().write(all);
                // The hub answers its own introduction only after it has had one.
                mirror.getOutputStream().write(new byte[33]);
                byte[] introduction = mirror.getInputStream().readNBytes(33);
                mirror.getOutputStream().write(introduction, 1, 32);
                assertEquals(0, mirror.getInputStream().read(), "the proof is wrong");
                assertEquals(0, countUntilEnd(mirror));
            }
            assertWorks(processes, zero, processes.open(1));
        }
    }

    @Test
    void whatWasRecordedFromARealProcessIsRefusedWhenItIsRepeated() throws Exception {
        try (Processes processes = new Processes(3, 1, LONG);
                Wiretap tap = new Wiretap(processes.master(), (offset, value) -> value)) {
            TcpRendezvous zero = processes.open(0);
            TcpRendezvous one = processes.open(1, tap.endpoint(), Optional.empty());
            Future<List<byte[]>> waiting = processes.start(() -> one.exchange(processes.world(1), "k", new byte[8]));
            byte[] recorded = tap.recorded(200);
            for (int i = 0; i < 5; i++) {
                try (Socket replay = connect(processes)) {
                    replay.getOutputStream().write(recorded);
                    replay.getOutputStream().flush();
                    byte[] answer = replay.getInputStream().readAllBytes();
                    assertEquals(0, answer[12 + 33], "the proof was made for another connection");
                } catch (IOException e) {
                    // It was closed while the rest was written: refused as well.
                }
            }
            TcpRendezvous two = processes.open(2);
            Future<List<byte[]>> third = processes.start(() -> two.exchange(processes.world(2), "k", new byte[8]));
            assertEquals(3, zero.exchange(processes.world(0), "k", new byte[8]).size());
            Processes.get(waiting);
            Processes.get(third);
            assertEquals(Optional.empty(), zero.failure());
        }
    }

    /** Someone on the way changes one bit of what a rank gives: the connection ends, and the value is not used. */
    @Test
    void aMessageThatWasChangedOnItsWayEndsTheConnection() throws Exception {
        byte[] marker = "the rank's value".getBytes(StandardCharsets.US_ASCII);
        int[] seen = {0};
        try (Processes processes = new Processes(2, 1, LONG); Wiretap tap = new Wiretap(processes.master(),
                (offset, value) -> {
                    seen[0] = value == marker[seen[0]] ? seen[0] + 1 : value == marker[0] ? 1 : 0;
                    if (seen[0] == marker.length) {
                        seen[0] = 0;
                        return value ^ 1;
                    }
                    return value;
                })) {
            TcpRendezvous zero = processes.open(0);
            TcpRendezvous one = processes.open(1, tap.endpoint(), Optional.empty());
            Future<?> _ = processes.start(() -> one.exchange(processes.world(1), "k", marker));
            RankFailedException failed = assertThrows(RankFailedException.class,
                    () -> zero.exchange(processes.world(0), "k", marker));
            assertTrue(failed.getMessage().contains("was changed on its way"), failed.getMessage());
        }
    }

    @Test
    void halfOpenConnectionsByTheHundredDoNotKeepAProcessOut() throws Exception {
        try (Processes processes = new Processes(2, 1, LONG)) {
            TcpRendezvous zero = processes.open(0);
            List<Socket> silent = new ArrayList<>();
            try {
                for (int i = 0; i < 600; i++) {
                    silent.add(connect(processes));
                }
                long begin = System.nanoTime();
                assertWorks(processes, zero, processes.open(1));
                assertTrue(System.nanoTime() - begin < TimeUnit.SECONDS.toNanos(4), "before the silent ones expire");
            } finally {
                for (Socket socket : silent) {
                    socket.close();
                }
            }
        }
    }

    @Test
    void aFloodOfConnectionsDoesNotKeepAProcessOut() throws Exception {
        try (Processes processes = new Processes(2, 1, LONG)) {
            TcpRendezvous zero = processes.open(0);
            AtomicBoolean flooding = new AtomicBoolean(true);
            List<Future<?>> floods = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                floods.add(processes.start(() -> {
                    List<Socket> held = new ArrayList<>();
                    while (flooding.get()) {
                        try {
                            Socket socket = connect(processes);
                            socket.setSoLinger(true, 0); // No port of this machine stays taken by it.
                            held.add(socket);
                        } catch (IOException e) {
                            // Its own connections are too many.
                        }
                        if (held.size() > 200) {
                            held.removeFirst().close();
                        }
                    }
                    for (Socket socket : held) {
                        socket.close();
                    }
                    return null;
                }));
            }
            try {
                assertWorks(processes, zero, processes.open(1));
            } finally {
                flooding.set(false);
                for (Future<?> flood : floods) {
                    Processes.get(flood);
                }
            }
        }
    }

    /** One byte a second: no read ever waits long, but all together take too long. */
    @Test
    void aSlowStrangerIsSentAway() throws Exception {
        try (Processes processes = new Processes(2, 1, LONG)) {
            TcpRendezvous zero = processes.open(0);
            try (Socket slow = connect(processes)) {
                Future<?> drip = processes.start(() -> {
                    byte[] preamble = ByteBuffer.allocate(45).putLong(Wire.MAGIC).putInt(Wire.VERSION).array();
                    for (byte each : preamble) {
                        slow.getOutputStream().write(each);
                        Thread.sleep(500);
                    }
                    return null;
                });
                long begin = System.nanoTime();
                try {
                    countUntilEnd(slow);
                } catch (IOException e) {
                    // Reset, because bytes were on their way: sent away as well.
                }
                assertTrue(System.nanoTime() - begin < TimeUnit.SECONDS.toNanos(10));
                drip.cancel(true);
            }
            assertWorks(processes, zero, processes.open(1));
        }
    }

    /** What was refused a thousand times for one reason is told 11 times, and another reason is still told. */
    @Test
    void aFloodHidesNoOtherReason() {
        RefusalCounts counts = new RefusalCounts();
        int told = 0;
        for (int i = 0; i < 1000; i++) {
            told += RefusalCounts.isTold(counts.count("garbage")) ? 1 : 0;
        }
        assertEquals(4 + 7, told, "1 to 4, 8, 16, 32, 64, 128, 256, 512");
        assertEquals(1, counts.count("no secret"));
        for (int version = 0; version < 1000; version++) {
            counts.count("version " + version);
        }
        assertTrue(counts.count("version 5000") > 900, "reasons that are made up count as one");
    }

    @Test
    void rankZeroListensOnTheAddressThatWasResolvedAndNoOther() throws Exception {
        try (Processes processes = new Processes(2, 1, LONG)) {
            TcpRendezvous zero = processes.open(0);
            assertThrows(ConnectException.class,
                    () -> new Socket(InetAddress.getByName("127.0.0.2"), processes.master().port()).close());
            assertWorks(processes, zero, processes.open(1));
        }
    }

    /** What listens where rank 0 should is not it. */
    @Test
    void aHubWithoutTheSecretIsNotBelieved() throws Exception {
        try (ServerSocket fake = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                Processes processes = new Processes(2, 1, SHORT)) {
            Endpoint there = new Endpoint("127.0.0.1", fake.getLocalPort());
            Future<?> _ = processes.start(() -> {
                while (true) {
                    try (Socket socket = fake.accept()) {
                        Handshake handshake = new Handshake(socket, JobSecret.none(), 1000);
                        handshake.readPreamble();
                        assertThrows(ProtocolException.class, handshake::asHub);
                    }
                }
            });
            RankFailedException refused = assertThrows(RankFailedException.class,
                    () -> processes.open(1, there, Optional.empty()));
            assertTrue(refused.getMessage().contains("does not have the secret of this process"),
                    refused.getMessage());
        }
    }

    @Test
    void aHubThatSaysNothingIsLeftWhenTheTimeIsUp() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                Processes processes = new Processes(2, 1, SHORT)) {
            long begin = System.nanoTime();
            assertThrows(RankFailedException.class, () -> processes.open(1,
                    new Endpoint("127.0.0.1", silent.getLocalPort()), Optional.empty()));
            assertTrue(System.nanoTime() - begin < TimeUnit.SECONDS.toNanos(5));
        }
    }

    @Test
    void controlCodesOfAnotherProcessDoNothing() throws Exception {
        try (Processes processes = new Processes(2, 1, LONG)) {
            TcpRendezvous zero = processes.open(0);
            TcpRendezvous one = processes.open(1);
            one.fail(new RankFailure(1, "step 1\u001b[2J", "title\u001b]0;owned\u0007 left\u202eright\r\nsecond line"));
            for (int i = 0; i < 1000 && zero.failure().isEmpty(); i++) {
                Thread.sleep(10);
            }
            RankFailure told = zero.failure().orElseThrow();
            assertEquals("step 1\\u001b[2J", told.phase());
            assertEquals("title\\u001b]0;owned\\u0007 left\\u202eright\\u000d\nsecond line", told.message());
        }
    }

    private static Socket connect(Processes processes) throws IOException {
        Socket socket = new Socket(processes.master().host(), processes.master().port());
        socket.setSoTimeout(20_000);
        return socket;
    }

    private static int countUntilEnd(Socket socket) throws IOException {
        InputStream in = socket.getInputStream();
        int count = 0;
        while (in.read() >= 0) {
            count++;
        }
        return count;
    }

    private static void assertWorks(Processes processes, TcpRendezvous zero, TcpRendezvous one) throws Exception {
        for (int round = 0; round < 20; round++) {
            byte[] mine = {1, (byte) round};
            Future<List<byte[]>> other = processes.start(() -> one.exchange(processes.world(1), "k", mine));
            assertArrayEquals(mine, zero.exchange(processes.world(0), "k", new byte[] {0}).get(1));
            assertArrayEquals(new byte[] {0}, Processes.get(other).get(0));
        }
        assertEquals(Optional.empty(), zero.failure());
    }
}
