package io.moe4j.trainer.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Processes wait for each other as long as they are at work. */
@Timeout(30)
class PatientMeetingTest {
    private static final byte[] NOTHING = {};

    /** Another process, which says of its work what is given. */
    private record Two(AtomicInteger asked, CountDownLatch each, int working, byte[] end) implements SavingProcesses {

        Two(int working, byte[] end) {
            this(new AtomicInteger(), new CountDownLatch(1), working, end);
        }

        @Override
        public boolean haveFirstRankHere() {
            return true;
        }

        @Override
        public boolean areOne() {
            return false;
        }

        @Override
        public List<byte[]> exchange(String key, byte[] mine) {
            assertEquals("checkpoint of step 7, files", key);
            each.countDown();
            return List.of(mine, asked.incrementAndGet() <= working ? new byte[] {0} : end);
        }
    }

    @Test
    void theyTellEachOtherThatTheyAreAtWork() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        CountDownLatch asked4Times = new CountDownLatch(4);
        SavingProcesses counted = new Two(asked, asked4Times, 2, new byte[] {1, 42});
        // The work of this process ends only after four exchanges, so none of these exchanges has waited for it.
        List<byte[]> all = new PatientMeeting(counted, "checkpoint of step 7").meet("files", () -> {
            asked4Times.await();
            return new byte[] {7};
        });
        assertArrayEquals(new byte[] {7}, all.get(0));
        assertArrayEquals(new byte[] {42}, all.get(1));
        assertTrue(asked.get() >= 4);
    }

    @Test
    void aFailureOfAnyOfThemIsThatOfAll() {
        byte[] failed = "\2the disk of the other is full".getBytes(StandardCharsets.UTF_8);
        SaveFailedException other = assertThrows(SaveFailedException.class,
                () -> new PatientMeeting(new Two(3, failed), "checkpoint of step 7").meet("files",
                        () -> NOTHING));
        assertEquals("the disk of the other is full", other.getMessage());
        SaveFailedException mine = assertThrows(SaveFailedException.class,
                () -> new PatientMeeting(new Two(3, new byte[] {1}), "checkpoint of step 7")
                        .meet("files", () -> {
                            throw new UncheckedIOException("a wrapper", new IOException("my disk is full"));
                        }));
        assertTrue(mine.getMessage().endsWith(": my disk is full"), mine.getMessage());
        assertFalse(mine.isNonFinite());
        SaveFailedException nonFinite = assertThrows(SaveFailedException.class,
                () -> new PatientMeeting(new Two(0, new byte[] {1}), "checkpoint of step 7")
                        .meet("files", () -> {
                            throw new NonFiniteStateException("w", 3, Float.NaN);
                        }));
        assertTrue(nonFinite.isNonFinite());
    }

    /** Files are closed after this: by then, nothing writes to them. */
    @Test
    void whereTheOthersHaveFailedTheOwnWorkEndsFirst() {
        AtomicBoolean ended = new AtomicBoolean();
        CountDownLatch started = new CountDownLatch(1);
        SavingProcesses dead = new SavingProcesses() {
            @Override
            public boolean haveFirstRankHere() {
                return false;
            }

            @Override
            public boolean areOne() {
                return false;
            }

            @Override
            public List<byte[]> exchange(String key, byte[] mine) {
                started.countDown();
                throw new IllegalStateException("rank 1 has failed");
            }
        };
        assertThrows(IllegalStateException.class,
                () -> new PatientMeeting(dead, "checkpoint of step 7").meet("files", () -> {
                    started.await();
                    ended.set(true);
                    return NOTHING;
                }));
        assertTrue(ended.get());
    }
}
