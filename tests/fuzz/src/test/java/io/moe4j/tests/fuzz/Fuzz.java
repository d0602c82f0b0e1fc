package io.moe4j.tests.fuzz;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * A run over many inputs.
 *
 * @param seed that all of them come from
 * @param inputs how many there are at least
 * @param seconds how long there are more
 */
record Fuzz(long seed, int inputs, long seconds) {
    /** Reading one input never takes longer. */
    private static final long LONGEST_SECONDS = 20;
    private static final int SHOWN = 4000;

    /** As system properties ask; {@code inputs} of them otherwise. */
    static Fuzz of(int inputs) {
        return new Fuzz(Long.getLong("moe4j.fuzz.seed", 42), inputs, Long.getLong("moe4j.fuzz.seconds", 0));
    }

    /** Reads one input, and says how it went. */
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

    /** Reads mutations of a corpus. Some have to be accepted and some refused, or the mutations would be worth nothing. */
    void run(List<byte[]> corpus, List<String> words, Reader reader) {
        RandomGenerator random = new SplittableRandom(seed);
        Mutations mutations = new Mutations(random, corpus, words);
        long end = System.nanoTime() + seconds * 1_000_000_000;
        int accepted = 0;
        int done = 0;
        for (; done < inputs || System.nanoTime() < end; done++) {
            byte[] input = done < corpus.size() ? corpus.get(done) : mutations.next();
            long begin = System.nanoTime();
            try {
                accepted += reader.read(input) ? 1 : 0;
            } catch (Exception | AssertionError | OutOfMemoryError | StackOverflowError e) {
                fail(name(done, input) + " is answered with " + e, e);
            }
            if (System.nanoTime() - begin > LONGEST_SECONDS * 1_000_000_000) {
                fail(name(done, input) + " took more than " + LONGEST_SECONDS + " s");
            }
        }
        assertTrue(accepted > corpus.size() && done - accepted > corpus.size(),
                accepted + " of " + done + " inputs were accepted, seed " + seed + ": too many or too few");
    }

    private String name(int number, byte[] input) {
        String text = new String(input, StandardCharsets.ISO_8859_1);
        StringBuilder shown = new StringBuilder();
        text.chars().limit(SHOWN).forEach(c -> shown.append(c < ' ' || c > '~' || c == '\\'
                ? String.format(java.util.Locale.ROOT, "\\x%02x", c) : Character.toString(c)));
        return "input " + number + " of seed " + seed + " (" + input.length + " bytes: " + shown + ")";
    }
}
