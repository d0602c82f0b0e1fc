package io.moe4j.runtime.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.group.RankFailedException;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.group.ThreadRendezvous;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Gates without a driver: ranks of different devices share nothing but addresses. */
@Timeout(60)
final class HostGateTest {
    private static final int ROUNDS = 2000;

    /** Ranks 1, 4 and 6 are in this process. No rank is ever two rounds ahead, and no rank passes before all have arrived. */
    @Test
    void allMeetInEachRound() throws Exception {
        List<Integer> ranks = List.of(1, 4, 6);
        List<Long> slots = Stream.generate(HostGate::openSlot).limit(3).toList();
        Rendezvous rendezvous = ThreadRendezvous.of(7, Duration.ofSeconds(20));
        AtomicIntegerArray rounds = new AtomicIntegerArray(3);
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                HostGate gate = new HostGate(ranks, slots, ranks.get(i), rendezvous, Duration.ofSeconds(20));
                int self = i;
                running.add(threads.submit(() -> {
                    for (int round = 1; round <= ROUNDS; round++) {
                        rounds.set(self, round);
                        gate.pass("test");
                        for (int other = 0; other < 3; other++) {
                            int at = rounds.get(other);
                            assertTrue(at == round || at == round + 1, "round " + round + ", another at " + at);
                        }
                    }
                }));
            }
            for (Future<?> each : running) {
                each.get();
            }
        }
    }

    @Test
    void whoDoesNotComeIsNamed() {
        List<Long> slots = List.of(HostGate.openSlot(), HostGate.openSlot());
        Rendezvous rendezvous = ThreadRendezvous.of(9, Duration.ofSeconds(20));
        HostGate gate = new HostGate(List.of(3, 8), slots, 3, rendezvous, Duration.ofMillis(50));
        RankFailedException failure = assertThrows(RankFailedException.class, () -> gate.pass("the third barrier"));
        assertEquals(8, failure.failure().rank());
        assertEquals("the third barrier", failure.failure().phase());
        assertTrue(failure.getMessage().contains("arrival 1, saw 0"), failure.getMessage());
    }
}
