package io.moe4j.runtime.cuda;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
final class JointEndTest {
    private static final Duration SOON = Duration.ofMillis(50);
    private static final Duration LONG = Duration.ofSeconds(10);

    private final byte[] first = JointEnd.seat();
    private final byte[] second = JointEnd.seat();

    @Test
    void waitsForTheRanksOfTheProcess() throws Exception {
        JointEnd one = JointEnd.of(first, List.of(first, second));
        JointEnd other = JointEnd.of(second, List.of(first, second));
        assertFalse(one.await(SOON), "the other has not come");
        CompletableFuture<Boolean> waiting = CompletableFuture.supplyAsync(() -> one.await(LONG));
        assertFalse(waiting.isDone());
        assertTrue(other.await(LONG), "the first has come");
        assertTrue(waiting.get(10, TimeUnit.SECONDS));
    }

    @Test
    void aRankThatFailedComesWithoutWaiting() {
        JointEnd.of(second, List.of(first, second)).come();
        assertTrue(JointEnd.of(first, List.of(first, second)).await(LONG));
    }

    @Test
    void ranksOfOtherProcessesAreNotWaitedFor() {
        byte[] elsewhere = second.clone();
        elsewhere[0]++;
        assertTrue(JointEnd.of(first, List.of(first, elsewhere)).await(SOON));
    }
}
