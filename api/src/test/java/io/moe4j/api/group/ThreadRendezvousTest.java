package io.moe4j.api.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class ThreadRendezvousTest {
    private static final Duration LONG = Duration.ofSeconds(20);

    /** The code that a rank runs with the rendezvous. */
    private interface Body {
        String run(int rank) throws Exception;
    }

    private static List<Future<String>> onThreads(int ranks, Body body) {
        try (ExecutorService threads = Executors.newFixedThreadPool(ranks)) {
            return IntStream.range(0, ranks).mapToObj(rank -> threads.submit(() -> body.run(rank))).toList();
        }
    }

    private static Group group(String name, List<Integer> ranks, int rank) {
        return new Group(name, ranks, ranks.indexOf(rank));
    }

    private static List<Integer> world(int size) {
        return IntStream.range(0, size).boxed().toList();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(List<byte[]> all) {
        return String.join(",", all.stream().map(bytes -> new String(bytes, StandardCharsets.UTF_8)).toList());
    }

    private static RankFailedException failureOf(Future<String> rank) {
        return (RankFailedException) assertThrows(ExecutionException.class, rank::get).getCause();
    }

    /** 8 ranks meet in the world, in pairs and in interleaved groups, with one key throughout, each at its own pace. */
    @Test
    void manyGroupsMeetAtOnceAndKeysAreReused() throws Exception {
        int size = 8;
        ThreadRendezvous rendezvous = ThreadRendezvous.of(size, LONG);
        List<Future<String>> ranks = onThreads(size, rank -> {
            Random pace = new Random(rank);
            for (int round = 0; round < 200; round++) {
                List<Integer> pair = List.of(rank / 2 * 2, rank / 2 * 2 + 1);
                List<Integer> interleaved = IntStream.range(0, size / 2).map(i -> 2 * i + rank % 2).boxed().toList();
                for (List<Integer> members : List.of(world(size), pair, interleaved)) {
                    if (pace.nextInt(20) == 0) {
                        Thread.sleep(1);
                    }
                    int now = round;
                    String expected = String.join(",", members.stream().map(member -> now + ":" + member).toList());
                    assertEquals(expected,
                            text(rendezvous.exchange(group("g", members, rank), "key", bytes(round + ":" + rank))));
                }
            }
            return "done";
        });
        for (Future<String> rank : ranks) {
            assertEquals("done", rank.get());
        }
        assertTrue(rendezvous.failure().isEmpty());
    }

    /** Values are copied: if a rank changes an array that it sent or received, other ranks do not see it. */
    @Test
    void bytesAreNotShared() throws Exception {
        ThreadRendezvous rendezvous = ThreadRendezvous.of(2, LONG);
        List<Future<String>> ranks = onThreads(2, rank -> {
            byte[] mine = bytes("rank" + rank);
            List<byte[]> first = rendezvous.exchange(group("g", world(2), rank), "a", mine);
            first.forEach(bytes -> bytes[0] = '!');
            mine[1] = '?';
            return text(rendezvous.exchange(group("g", world(2), rank), "b", bytes("rank" + rank)));
        });
        for (Future<String> rank : ranks) {
            assertEquals("rank0,rank1", rank.get());
        }
    }

    @Test
    void whoDoesNotComeIsNamedToAll() {
        ThreadRendezvous rendezvous = ThreadRendezvous.of(4, Duration.ofMillis(200));
        List<Future<String>> ranks = onThreads(4, rank -> rank == 1 || rank == 3 ? "stayed away"
                : text(rendezvous.exchange(group("expert_parallel", world(4), rank), "open", bytes("x"))));
        for (int rank : List.of(0, 2)) {
            RankFailedException failure = failureOf(ranks.get(rank));
            assertEquals(1, failure.failure().rank());
            assertTrue(failure.getMessage().contains("ranks 1 and 3 did not come within 200 ms"), failure.getMessage());
            assertTrue(failure.getMessage().contains("\"open\" of group expert_parallel"), failure.getMessage());
        }
    }

    /** Three of four ranks wait, the fourth fails: all stop at once with its error, long before the time limit. */
    @Test
    void aFailureWakesAllWhoWaitAndTheFirstReportWins() {
        ThreadRendezvous rendezvous = ThreadRendezvous.of(4, Duration.ofMinutes(10));
        List<Future<String>> ranks = onThreads(4, rank -> {
            if (rank == 2) {
                Thread.sleep(50);
                rendezvous.fail(new RankFailure(2, "step 3, dispatch", "out of luck"));
                rendezvous.fail(new RankFailure(2, "later", "a second report"));
                return "failed";
            }
            return text(rendezvous.exchange(group("g", world(4), rank), "key", bytes("x")));
        });
        for (int rank : List.of(0, 1, 3)) {
            assertEquals("rank 2 failed during step 3, dispatch: out of luck", failureOf(ranks.get(rank)).getMessage());
        }
        assertEquals("out of luck", rendezvous.failure().orElseThrow().message());
        assertThrows(RankFailedException.class, rendezvous::check);
        assertThrows(RankFailedException.class,
                () -> rendezvous.exchange(group("g", List.of(0), 0), "alone", bytes("x")));
    }

    /** Whenever a rank fails, in whichever exchange the others are, no rank hangs, and all errors name the failed rank. */
    @Test
    void failuresAtAnyMomentStopEveryone() {
        for (int seed = 0; seed < 40; seed++) {
            int size = 5;
            ThreadRendezvous rendezvous = ThreadRendezvous.of(size, Duration.ofMinutes(10));
            Random random = new Random(seed);
            int failing = random.nextInt(size);
            int round = random.nextInt(20);
            List<Future<String>> ranks = onThreads(size, rank -> {
                for (int i = 0; i < 30; i++) {
                    if (rank == failing && i == round) {
                        rendezvous.fail(new RankFailure(rank, "round " + i, "injected"));
                        return "failed";
                    }
                    rendezvous.exchange(group("g", world(size), rank), "key", bytes("x"));
                }
                return "finished";
            });
            for (int rank = 0; rank < size; rank++) {
                if (rank != failing) {
                    assertEquals(failing, failureOf(ranks.get(rank)).failure().rank(), "seed " + seed);
                }
            }
        }
    }

    @Test
    void anInterruptedRankStopsTheOthers() throws Exception {
        ThreadRendezvous rendezvous = ThreadRendezvous.of(2, LONG);
        List<String> seen = new ArrayList<>();
        Thread waiting = new Thread(() -> {
            try {
                rendezvous.exchange(group("g", world(2), 0), "key", bytes("x"));
            } catch (RankFailedException e) {
                seen.add(e.getMessage() + " " + Thread.currentThread().isInterrupted());
            }
        });
        waiting.start();
        waiting.interrupt();
        waiting.join();
        assertTrue(seen.getFirst().contains("interrupted") && seen.getFirst().endsWith("true"), seen.toString());
        assertThrows(RankFailedException.class, () -> rendezvous.exchange(group("g", world(2), 1), "key", bytes("x")));
    }

    @Test
    void nonsenseIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> ThreadRendezvous.of(0, LONG));
        assertThrows(IllegalArgumentException.class, () -> ThreadRendezvous.of(1, Duration.ZERO));
        ThreadRendezvous rendezvous = ThreadRendezvous.of(2, LONG);
        assertThrows(IllegalArgumentException.class,
                () -> rendezvous.exchange(group("g", List.of(0, 2), 0), "key", bytes("x")));
    }
}
