package io.moe4j.launch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankFailedException;
import io.moe4j.api.group.RankFailure;
import java.io.DataOutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ranks of several processes meet over loopback. */
@Timeout(60)
class TcpRendezvousTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(400);

    @ParameterizedTest
    @CsvSource({"2, 1", "4, 1", "8, 2", "6, 3", "16, 4"})
    void allRanksGetWhatAllGaveInGroupOrderAndKeysMayBeUsedAgain(int ranks, int each) throws Exception {
        try (Processes processes = new Processes(ranks, each, LONG)) {
            processes.run((rank, rendezvous) -> {
                for (int round = 0; round < 100; round++) {
                    List<byte[]> all = rendezvous.exchange(processes.world(rank), "k", value(rank, round));
                    assertEquals(ranks, all.size());
                    for (int r = 0; r < ranks; r++) {
                        assertArrayEquals(value(r, round), all.get(r), "rank " + r + ", round " + round);
                    }
                    all.getFirst()[0] ^= 1; // What one rank does to its copy, no other sees.
                }
                return null;
            });
        }
    }

    @Test
    void groupsThatOverlapDoNotWaitForEachOther() throws Exception {
        try (Processes processes = new Processes(4, 1, LONG)) {
            List<Integer> sums = processes.run((rank, rendezvous) -> {
                Group pair = new Group("pair", rank < 2 ? List.of(1, 0) : List.of(2, 3),
                        rank < 2 ? 1 - rank : rank - 2);
                Group mates = new Group("mates", List.of(rank % 2, rank % 2 + 2), rank / 2);
                int sum = 0;
                for (int round = 0; round < 200; round++) {
                    // Half of the ranks begin with the one group, half with the other: only a rendezvous that serves both at once ends.
                    boolean pairFirst = rank == 0 || rank == 1;
                    Future<Integer> other = processes.start(
                            () -> first(rendezvous.exchange(pairFirst ? mates : pair, "same key", value(rank, 7))));
                    sum += first(rendezvous.exchange(pairFirst ? pair : mates, "same key", value(rank, 7)));
                    sum += Processes.get(other);
                }
                return sum;
            });
            assertEquals(List.of(200 * (1 + 0), 200 * (1 + 1), 200 * (2 + 0), 200 * (2 + 1)), sums);
        }
    }

    @Test
    void aLateRankIsWaitedFor() throws Exception {
        try (Processes processes = new Processes(2, 1, LONG)) {
            Future<List<byte[]>> late = processes.start(() -> processes.open(1).exchange(processes.world(1), "k",
                    value(1, 0)));
            Thread.sleep(300); // Rank 1 knocks at a door that is not there yet.
            List<byte[]> all = processes.open(0).exchange(processes.world(0), "k", value(0, 0));
            assertArrayEquals(value(1, 0), all.get(1));
            assertArrayEquals(value(0, 0), Processes.get(late).get(0));
        }
    }

    @Test
    void aRankThatDoesNotComeIsNamed() throws Exception {
        try (Processes processes = new Processes(3, 1, SHORT)) {
            TcpRendezvous zero = processes.open(0);
            TcpRendezvous one = processes.open(1);
            Future<?> other = processes.start(() -> one.exchange(processes.world(1), "weights", new byte[3]));
            RankFailedException lost = assertThrows(RankFailedException.class,
                    () -> zero.exchange(processes.world(0), "weights", new byte[3]));
            assertEquals(2, lost.failure().rank());
            assertTrue(lost.getMessage().contains("weights") && lost.getMessage().contains("never connected: rank 2"),
                    lost.getMessage());
            RankFailedException same = assertThrows(RankFailedException.class, () -> Processes.get(other));
            assertEquals(lost.failure(), same.failure());
        }
    }

    @Test
    void aRankThatIsThereButStuckIsNamed() throws Exception {
        try (Processes processes = new Processes(2, 1, SHORT)) {
            TcpRendezvous zero = processes.open(0);
            TcpRendezvous one = processes.open(1);
            RankFailedException lost = assertThrows(RankFailedException.class,
                    () -> zero.exchange(processes.world(0), "k", new byte[0]));
            assertTrue(lost.getMessage().contains("rank 1 did not come within"), lost.getMessage());
            assertEquals(lost.failure(), awaitFailure(one));
        }
    }

    @Test
    void aFailureReachesAllRanksAndEndsTheirWaits() throws Exception {
        RankFailure boom = new RankFailure(3, "step 7, dispatch", "boom");
        try (Processes processes = new Processes(4, 2, LONG)) {
            CountDownLatch waiting = new CountDownLatch(3);
            long start = System.nanoTime();
            List<Optional<RankFailure>> seen = processes.run((rank, rendezvous) -> {
                if (rank == 3) {
                    waiting.await();
                    rendezvous.fail(boom);
                    rendezvous.fail(new RankFailure(3, "later", "this one does not count"));
                } else {
                    waiting.countDown();
                    RankFailedException told = assertThrows(RankFailedException.class,
                            () -> rendezvous.exchange(processes.world(rank), "k", new byte[0]));
                    assertEquals(boom, told.failure());
                }
                assertThrows(RankFailedException.class, rendezvous::check);
                assertThrows(RankFailedException.class,
                        () -> rendezvous.exchange(processes.world(rank), "again", new byte[0]));
                return rendezvous.failure();
            });
            assertEquals(List.of(Optional.of(boom), Optional.of(boom), Optional.of(boom), Optional.of(boom)), seen);
            assertTrue(System.nanoTime() - start < LONG.toNanos(), "no wait ran into its limit");
        }
    }

    @Test
    void whoComesAfterAFailureIsTold() throws Exception {
        try (Processes processes = new Processes(2, 1, LONG)) {
            TcpRendezvous zero = processes.open(0);
            zero.fail(new RankFailure(0, "opening", "no device"));
            Future<?> closed = processes.start(() -> {
                zero.close();
                return null;
            });
            TcpRendezvous one = processes.open(1);
            RankFailedException told = assertThrows(RankFailedException.class,
                    () -> one.exchange(processes.world(1), "k", new byte[0]));
            assertEquals("no device", told.failure().message());
            one.close();
            Processes.get(closed);
        }
    }

    @Test
    void aLostConnectionIsAFailureOfItsRank() throws Exception {
        try (Processes processes = new Processes(2, 1, LONG)) {
            TcpRendezvous zero = processes.open(0);
            Future<List<byte[]>> waiting = processes
                    .start(() -> zero.exchange(processes.world(0), "k", new byte[0]));
            try (Socket socket = enter(processes, hello(2, 1))) {
                assertTrue(zero.failure().isEmpty());
            }
            RankFailedException lost = assertThrows(RankFailedException.class, () -> Processes.get(waiting));
            assertEquals(1, lost.failure().rank());
            assertTrue(lost.getMessage().contains("connection") && lost.getMessage().contains("was lost"),
                    lost.getMessage());
        }
    }

    @Test
    void aRankThatHasClosedFailsThoseWhoWaitForIt() throws Exception {
        try (Processes processes = new Processes(3, 1, LONG)) {
            TcpRendezvous zero = processes.open(0);
            TcpRendezvous one = processes.open(1);
            processes.open(2);
            one.close();
            RankFailedException lost = assertThrows(RankFailedException.class,
                    () -> zero.exchange(processes.world(0), "k", new byte[0]));
            assertEquals(1, lost.failure().rank());
            assertTrue(lost.getMessage().contains("it has closed"), lost.getMessage());
        }
    }

    @Test
    void closingIsIdempotentAndNoFailure() throws Exception {
        try (Processes processes = new Processes(2, 1, LONG)) {
            TcpRendezvous zero = processes.open(0);
            TcpRendezvous one = processes.open(1);
            one.close();
            one.close();
            zero.close();
            assertEquals(Optional.empty(), zero.failure());
            assertEquals(Optional.empty(), one.failure());
            assertThrows(IllegalStateException.class,
                    () -> one.exchange(processes.world(1), "k", new byte[0]));
        }
    }

    @ParameterizedTest
    @CsvSource({"3, 1, comes from a world of 3", "2, 0, rank 0 is here already", "2, 2, rank 2 is not in a world of 2"})
    void aProcessOfThisJobThatDoesNotFitEndsItAtOnce(int worldSize, int rank, String reason) throws Exception {
        try (Processes processes = new Processes(2, 1, LONG)) {
            TcpRendezvous zero = processes.open(0);
            assertRefused(processes, hello(worldSize, rank), reason);
            assertTrue(awaitFailure(zero).message().contains(reason), awaitFailure(zero).message());
        }
    }

    @Test
    void whereTheJobHasANameASecondProcessOfARankIsOnlyRefusedOnceAllAreThere() throws Exception {
        Optional<String> job = Optional.of("Slurm 12.0");
        try (Processes processes = new Processes(2, 1, LONG)) {
            TcpRendezvous zero = processes.open(0, job);
            TcpRendezvous one = processes.open(1, job);
            assertRefused(processes, new Message.Hello("Slurm 12.0", "a test", 2, List.of(1)),
                    "rank 1 is here already");
            assertExchange(processes, zero, one);
        }
    }

    /** The first process of rank 1 may be that of the other job. */
    @Test
    void whereJobsHaveNoNamesASecondProcessOfARankIsTakenForTwoJobsThatHaveMet() throws Exception {
        try (Processes processes = new Processes(2, 1, LONG)) {
            TcpRendezvous zero = processes.open(0);
            TcpRendezvous one = processes.open(1);
            assertExchange(processes, zero, one);
            assertRefused(processes, hello(2, 1), "two jobs use one port");
            assertTrue(awaitFailure(zero).message().contains("two jobs use one port"));
            assertEquals(awaitFailure(zero), awaitFailure(one));
        }
    }

    @Test
    void ranksOfAnotherJobAreRefusedAndDisturbNoRank() throws Exception {
        Optional<String> job = Optional.of("Slurm 12.0");
        try (Processes processes = new Processes(2, 1, Duration.ofSeconds(8))) {
            TcpRendezvous zero = processes.open(0, job);
            LaunchException refused = assertThrows(LaunchException.class,
                    () -> processes.open(1, Optional.of("Slurm 13.0")));
            assertTrue(refused.getMessage().contains("job Slurm 13.0")
                    && refused.getMessage().contains("rank 0 to job Slurm 12.0"), refused.getMessage());
            assertExchange(processes, zero, processes.open(1, job));
        }
    }

    @Test
    void messagesBeyondTheLimitEndTheirConnection() throws Exception {
        try (Processes processes = new Processes(2, 1, LONG)) {
            TcpRendezvous zero = processes.open(0);
            assertThrows(IllegalArgumentException.class,
                    () -> zero.exchange(processes.world(0), "k", new byte[Wire.MAX_GIVEN + 1]));
            try (Socket socket = enter(processes, hello(2, 1))) {
                new DataOutputStream(socket.getOutputStream()).writeInt(Integer.MAX_VALUE);
                assertTrue(awaitFailure(zero).message().contains("2147483647 bytes"));
            }
        }
    }

    @Test
    void wholeMegabytesArrive() throws Exception {
        try (Processes processes = new Processes(2, 1, LONG)) {
            processes.run((rank, rendezvous) -> {
                byte[] mine = new byte[3 << 20];
                mine[mine.length - 1] = (byte) (rank + 1);
                List<byte[]> all = rendezvous.exchange(processes.world(rank), "k", mine);
                assertEquals(2, all.get(1)[mine.length - 1]);
                return null;
            });
        }
    }

    @Test
    void nobodyThereIsAFailureOfRankZero() throws Exception {
        try (Processes processes = new Processes(2, 1, SHORT)) {
            long start = System.nanoTime();
            RankFailedException lost = assertThrows(RankFailedException.class, () -> processes.open(1));
            assertEquals(0, lost.failure().rank());
            assertTrue(lost.getMessage().contains("MASTER_ADDR"), lost.getMessage());
            assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(5));
        }
    }

    @Test
    void aTakenPortIsSaidSo() throws Exception {
        try (Processes processes = new Processes(2, 1, SHORT)) {
            processes.open(0);
            LaunchException taken = assertThrows(LaunchException.class, () -> processes.open(0));
            assertTrue(taken.getMessage().contains("choose another MASTER_PORT"), taken.getMessage());
        }
    }

    private static void assertRefused(Processes processes, Message.Hello hello, String reason) {
        LaunchException refused = assertThrows(LaunchException.class,
                () -> new Knock(processes.master(), Optional.empty(), processes.secret(), LONG).enter(hello));
        assertTrue(refused.getMessage().contains(reason), refused.getMessage());
    }

    /** A process that has entered, without a rendezvous behind it. */
    private static Socket enter(Processes processes, Message.Hello hello) throws Exception {
        Socket socket = new Socket(processes.master().host(), processes.master().port());
        Handshake handshake = new Handshake(socket, processes.secret(), 10_000);
        assertEquals(Wire.VERSION, handshake.readPreamble());
        Connection connection = handshake.asProcess();
        connection.sendNow(hello);
        assertTrue(connection.readNow(LONG) instanceof Message.Welcome);
        return socket;
    }

    private static Message.Hello hello(int worldSize, int rank) {
        return new Message.Hello("", "a test", worldSize, List.of(rank));
    }

    private static void assertExchange(Processes processes, TcpRendezvous zero, TcpRendezvous one) throws Exception {
        Future<List<byte[]>> other = processes.start(() -> one.exchange(processes.world(1), "k", value(1, 1)));
        assertArrayEquals(value(1, 1), zero.exchange(processes.world(0), "k", value(0, 1)).get(1));
        assertArrayEquals(value(0, 1), Processes.get(other).get(0));
        assertEquals(Optional.empty(), zero.failure());
    }

    private static RankFailure awaitFailure(TcpRendezvous rendezvous) throws InterruptedException {
        for (int i = 0; i < 1000 && rendezvous.failure().isEmpty(); i++) {
            Thread.sleep(10);
        }
        return rendezvous.failure().orElseThrow();
    }

    private static byte[] value(int rank, int round) {
        return ByteBuffer.allocate(8).putInt(rank).putInt(round).array();
    }

    private static int first(List<byte[]> all) {
        return ByteBuffer.wrap(all.getFirst()).getInt();
    }
}
