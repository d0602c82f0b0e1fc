package io.moe4j.tests.fuzz;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.opentest4j.AssertionFailedError;

/**
 * A fuzzing run over many inputs.
 *
 * @param seed the seed from which the inputs are derived
 * @param inputs the least number of inputs
 * @param duration the least time that the run takes
 * @param longest the longest time that reading one input may take
 */
record Fuzz(long seed, int inputs, Duration duration, Duration longest) {
    private static final Duration LONGEST = Duration.ofSeconds(20);
    private static final int SHOWN = 4000;
    private static final String PLANTED = "a planted fault";

    /** The run that the system properties {@code moe4j.fuzz.seed} and {@code moe4j.fuzz.seconds} ask for; by default, {@code inputs} inputs of seed 42. */
    static Fuzz of(int inputs) {
        return new Fuzz(Long.getLong("moe4j.fuzz.seed", 42), inputs,
                Duration.ofSeconds(Long.getLong("moe4j.fuzz.seconds", 0)), LONGEST);
    }

    /** Reads one input. */
    @FunctionalInterface
    interface Reader {
        /**
         * Reads.
         *
         * @return whether it was accepted
         * @throws Exception if it was refused in another way than it should be
         */
        boolean read(byte[] input) throws Exception;
    }

    /** The input that a run is reading. Written by the thread that reads inputs, and read by the one that watches it. */
    private static final class Progress {
        private volatile int number;
        private volatile byte[] input = new byte[0];
        private volatile long begin = System.nanoTime();
    }

    /**
     * Reads mutations of a corpus, after the corpus itself. A reader that fails, or does not return in time, fails the test. Some inputs have to be accepted
     * and some refused: otherwise the mutations would test nothing.
     */
    void run(List<byte[]> corpus, List<String> words, Reader reader) {
        Progress progress = new Progress();
        FutureTask<Integer> reading = new FutureTask<>(() -> read(corpus, words, reader, progress));
        Thread.ofPlatform().daemon().name("fuzz").start(reading);
        int accepted = accepted(reading, progress);
        int refused = progress.number + 1 - accepted;
        assertTrue(accepted > corpus.size() && refused > corpus.size(),
                accepted + " inputs were accepted and " + refused + " refused, seed " + seed + ": too many or too few");
    }

    /** The control of a test: with a fault planted into the reader for some inputs, the run must find it. */
    void requireFinds(List<byte[]> corpus, List<String> words, Reader reader, Predicate<byte[]> fault) {
        assertTrue(corpus.stream().noneMatch(fault), "the corpus itself has the planted fault");
        AssertionFailedError found = assertThrows(AssertionFailedError.class, () -> run(corpus, words, input -> {
            if (fault.test(input)) {
                throw new IllegalStateException(PLANTED);
            }
            return reader.read(input);
        }));
        assertTrue(String.valueOf(found.getMessage()).contains(PLANTED), found.getMessage());
    }

    private int read(List<byte[]> corpus, List<String> words, Reader reader, Progress progress) {
        RandomGenerator random = new SplittableRandom(seed);
        Mutations mutations = new Mutations(random, corpus, words);
        long begin = System.nanoTime();
        int accepted = 0;
        for (int done = 0; done < inputs || System.nanoTime() - begin < duration.toNanos(); done++) {
            byte[] input = done < corpus.size() ? corpus.get(done) : mutations.next();
            progress.begin = System.nanoTime();
            progress.input = input;
            progress.number = done;
            try {
                accepted += reader.read(input) ? 1 : 0;
            } catch (Exception | AssertionError | OutOfMemoryError | StackOverflowError e) {
                fail(name(progress) + " is answered with " + e, e);
            }
        }
        return accepted;
    }

    private int accepted(FutureTask<Integer> reading, Progress progress) {
        while (true) {
            try {
                return reading.get(Math.min(longest.toMillis(), 1000), TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                if (System.nanoTime() - progress.begin > longest.toNanos()) {
                    fail(name(progress) + " has not been read after " + longest);
                }
            } catch (ExecutionException e) {
                throw e.getCause() instanceof AssertionError found ? found : new AssertionError(e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                fail("interrupted", e);
            }
        }
    }

    private String name(Progress progress) {
        byte[] input = progress.input;
        String text = new String(input, StandardCharsets.ISO_8859_1);
        StringBuilder shown = new StringBuilder();
        text.chars().limit(SHOWN).forEach(c -> shown.append(c < ' ' || c > '~' || c == '\\'
                ? String.format(Locale.ROOT, "\\x%02x", c) : Character.toString(c)));
        return "input " + progress.number + " of seed " + seed + " (" + input.length + " bytes: " + shown + ")";
    }
}
